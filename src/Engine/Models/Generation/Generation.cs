using Interactive.Data;
using Interactive.Graphs;

namespace Interactive.Models;

/// <summary>Continues a text with a language model, a token at a time.</summary>
public static class Generation
{
    /// <summary>
    /// The tokens that the model puts behind a prompt. Keys and values of the tokens so far are kept, so that a token
    /// costs the work of one position. Beyond the model's context the last <c>context</c> tokens count, as if the text
    /// began there: positions shift with every token, so nothing of the cache holds and each token costs a whole
    /// context.
    /// </summary>
    /// <param name="graph">A decoder such as the zoo's gpt: embeddings, causal attention, layers that treat each token
    /// alone.</param>
    /// <param name="prompt">Token numbers, at least one; of a prompt longer than the context the end counts.</param>
    /// <param name="count">Tokens to make.</param>
    /// <param name="temperature">Divides the scores before the softmax: below 1 bolder, above 1 more varied; 0 takes
    /// the best token always.</param>
    /// <param name="topK">Draw from the so many best tokens only; 0 (default) for all.</param>
    /// <param name="topP">Draw from the fewest best tokens whose shares add up to this (nucleus sampling, Holtzman et
    /// al. 2020); default 1, all.</param>
    /// <param name="seed">Another seed draws other tokens; the same draws the same.</param>
    /// <exception cref="UsageException">An argument is out of range, or the graph has an op that cannot run token by
    /// token; the message names it.</exception>
    public static int[] Generate(this Graph graph, ReadOnlySpan<int> prompt, int count, double temperature = 1,
        int topK = 0, double topP = 1, ulong seed = 0)
    {
        using var decoder = new CachedDecoder(graph);
        var sampling = new TokenSampling(temperature, topK, topP, seed);
        if (count < 0) throw new UsageException($"the count of tokens must be at least 0, got {count}");
        if (prompt.IsEmpty) throw new UsageException("a prompt must have at least one token");
        var text = new List<long>();
        foreach (var token in prompt)
            text.Add((uint)token < decoder.Vocabulary ? token
                : throw new UsageException($"token {token} of the prompt is not in 0 to {decoder.Vocabulary - 1}"));
        var made = new int[count];
        for (var i = 0; i < count; i++)
        {
            var isNew = decoder.Position == 0 || decoder.Position == decoder.Context;
            if (isNew) decoder.Clear();
            var scores = decoder.Next([.. isNew ? text.TakeLast((int)decoder.Context) : text.TakeLast(1)]);
            text.Add(made[i] = sampling.Draw(scores));
        }
        return made;
    }

    /// <summary>The same with texts: what the model puts behind <paramref name="prompt"/>.</summary>
    /// <inheritdoc cref="Generate(Graph, ReadOnlySpan{int}, int, double, int, double, ulong)"/>
    public static string Generate(this Graph graph, ITokenizer tokenizer, string prompt, int count,
        double temperature = 1, int topK = 0, double topP = 1, ulong seed = 0)
        => tokenizer.Decode(graph.Generate(tokenizer.Encode(prompt), count, temperature, topK, topP, seed));
}
