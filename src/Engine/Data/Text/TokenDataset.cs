using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>
/// A stream of tokens cut into windows for a language model. Sample i is the window that begins at token i x
/// <see cref="Stride"/>: input <c>tokens</c> (batch, context) int64, target <c>next</c> of the same shape, each
/// position's following token.
/// </summary>
public sealed class TokenDataset : IBatchSource, IDisposable
{
    private readonly ReadOnlyMemory<int> stream;
    private readonly TokenFile? mapped;

    /// <summary>Cuts tokens into windows.</summary>
    /// <param name="tokens">The stream; it is not copied.</param>
    /// <param name="vocabulary">Number of different tokens.</param>
    /// <param name="context">Tokens a window.</param>
    /// <param name="stride">Tokens from one window to the next; default the context: every token is predicted once an
    /// epoch.</param>
    /// <exception cref="UsageException">The stream is shorter than a window, or a number is out of range.</exception>
    public TokenDataset(ReadOnlyMemory<int> tokens, int vocabulary, int context, int? stride = null)
        : this(tokens, vocabulary, context, stride, null)
    {
        var span = tokens.Span;
        for (var i = 0; i < span.Length; i++)
            if ((uint)span[i] >= (uint)vocabulary) throw new UsageException($"token {i} of the stream is {span[i]}, outside the vocabulary of {vocabulary}");
    }

    private TokenDataset(ReadOnlyMemory<int> tokens, int vocabulary, int context, int? stride, TokenFile? file)
    {
        if (context < 1) throw new UsageException($"a context must be at least 1, got {context}");
        if (stride < 1) throw new UsageException($"a stride must be at least 1, got {stride}");
        if (tokens.Length < context + 1) throw new UsageException($"a window of {context} tokens and the next needs {context + 1} tokens, here are {tokens.Length}: take a longer text or a shorter context");
        (stream, Vocabulary, Context, Stride, mapped) = (tokens, vocabulary, context, stride ?? context, file);
    }

    /// <summary>The windows of one text.</summary>
    public static TokenDataset FromText(string text, ITokenizer tokenizer, int context, int? stride = null)
        => new(tokenizer.Encode(text), tokenizer.Vocabulary, context, stride);

    /// <summary>The windows of text files laid one behind the other in the given order, read as UTF-8.</summary>
    /// <exception cref="UsageException">A file is missing.</exception>
    public static TokenDataset FromFiles(IEnumerable<string> paths, ITokenizer tokenizer, int context,
        int? stride = null)
        => FromText(TextFiles.Read(paths), tokenizer, context, stride);

    /// <summary>
    /// Maps a file that <see cref="Save"/> wrote into memory; its tokens are checked when they are read.
    /// </summary>
    /// <exception cref="UsageException">The file is no whole number of tokens or too short.</exception>
    public static TokenDataset Open(string path, int vocabulary, int context, int? stride = null)
    {
        var file = new TokenFile(path);
        try { return new(file.Memory, vocabulary, context, stride, file); }
        catch
        {
            ((IDisposable)file).Dispose();
            throw;
        }
    }

    /// <summary>Number of different tokens.</summary>
    public int Vocabulary { get; }
    /// <summary>Tokens a window.</summary>
    public int Context { get; }
    /// <summary>Tokens from one window to the next.</summary>
    public int Stride { get; }
    /// <summary>One sample: the context.</summary>
    public Shape Shape => new(Context);
    /// <summary>Tokens in the stream.</summary>
    public int Tokens => stream.Length;
    /// <inheritdoc/>
    public int Count => (stream.Length - 1 - Context) / Stride + 1;

    /// <summary>
    /// The first part of the stream to train on and the rest to evaluate on; no window crosses the cut.
    /// </summary>
    /// <param name="validation">Share of the tokens at the end; default a tenth.</param>
    /// <exception cref="UsageException">A part is shorter than a window.</exception>
    public (TokenDataset Train, TokenDataset Valid) Split(double validation = 0.1)
    {
        if (validation is not (> 0 and < 1))
            throw new UsageException($"the share for validation must be between 0 and 1, got {validation}");
        var cut = (int)(stream.Length * (1 - validation));
        return (new(stream[..cut], Vocabulary, Context, Stride, mapped),
            new(stream[cut..], Vocabulary, Context, null, mapped));
    }

    /// <summary>Writes the tokens as little-endian 32-bit numbers, for <see cref="Open"/>.</summary>
    public void Save(string path) => TokenFile.Write(path, stream.Span);

    /// <inheritdoc/>
    public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
    {
        var (input, next) = (new long[samples.Length * Context], new long[samples.Length * Context]);
        for (var i = 0; i < samples.Length; i++)
        {
            var window = stream.Span.Slice(samples[i] * Stride, Context + 1);
            for (var t = 0; t <= Context; t++)
            {
                if ((uint)window[t] >= (uint)Vocabulary) throw new UsageException($"token {samples[i] * Stride + t} of the stream is {window[t]}, outside the vocabulary of {Vocabulary}");
                if (t < Context) input[i * Context + t] = window[t];
                if (t > 0) next[i * Context + t - 1] = window[t];
            }
        }
        return new Batch([new("tokens", tensor(input, samples.Length, Context))],
            [new("next", tensor(next, samples.Length, Context))]);
    }

    /// <summary>Unmaps the file of <see cref="Open"/>; parts that <see cref="Split"/> made go with it.</summary>
    public void Dispose() => ((IDisposable?)mapped)?.Dispose();
}
