using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>The usual ways of laying samples into a batch.</summary>
public static class Collate
{
    /// <summary>One's own way.</summary>
    public static ICollate<T> From<T>(Func<IReadOnlyList<T>, Batch> collate) => new Own<T>(collate);

    /// <summary>Stacks inputs and targets, each of one shape and type.</summary>
    public static ICollate<(Tensor Input, Tensor Target)> Tensors { get; }
        = From<(Tensor Input, Tensor Target)>(samples =>
        new Batch(stack(samples.Select(s => s.Input).ToArray()), stack(samples.Select(s => s.Target).ToArray())));

    /// <summary>
    /// Numbers of one shape with a class each: fp32 <c>input</c> (batch, …), int64 <c>target</c> (batch).
    /// </summary>
    /// <param name="shape">One sample; its numbers in C order.</param>
    public static ICollate<(float[] Input, long Target)> Classes(Shape shape)
        => From<(float[] Input, long Target)>(samples =>
        new Batch(Stack(samples.Select(s => s.Input), shape), tensor(samples.Select(s => s.Target).ToArray())));

    /// <summary>
    /// Rows of numbers to rows of numbers: fp32 <c>input</c> (batch, columns) and <c>target</c> (batch, columns).
    /// </summary>
    public static ICollate<(float[] Input, float[] Target)> Rows { get; }
        = From<(float[] Input, float[] Target)>(samples =>
        new Batch(Stack(samples.Select(s => s.Input), new Shape(samples[0].Input.Length)),
            Stack(samples.Select(s => s.Target), new Shape(samples[0].Target.Length))));

    /// <summary>
    /// Sequences of tokens with a class each, brought to the longest one's length: int64 <c>tokens</c> (batch, longest)
    /// and <c>lengths</c> (batch) for inputs, int64 <c>target</c> (batch).
    /// </summary>
    /// <param name="padding">The token behind a sequence's end; default 0.</param>
    public static ICollate<(int[] Tokens, long Target)> Padded(int padding = 0)
        => From<(int[] Tokens, long Target)>(samples =>
    {
        var longest = samples.Max(s => s.Tokens.Length);
        var tokens = new long[samples.Count * longest];
        Array.Fill(tokens, padding);
        for (var i = 0; i < samples.Count; i++)
            for (var t = 0; t < samples[i].Tokens.Length; t++) tokens[i * longest + t] = samples[i].Tokens[t];
        return new Batch([new("tokens", tensor(tokens, samples.Count, longest)),
            new("lengths", tensor(samples.Select(s => (long)s.Tokens.Length).ToArray()))],
            [new("target", tensor(samples.Select(s => s.Target).ToArray()))]);
    });

    private static Tensor Stack(IEnumerable<float[]> samples, Shape shape)
    {
        var rows = samples.ToArray();
        foreach (var row in rows)
            if (row is null) throw new InvalidDataException("it has no numbers (null)");
            else if (row.Length != shape.Elements)
                throw new InvalidDataException($"it has {row.Length} numbers, {shape} takes {shape.Elements}");
        return tensor(rows.SelectMany(row => row).ToArray(), shape.WithBatch(rows.Length));
    }

    private sealed class Own<T>(Func<IReadOnlyList<T>, Batch> collate) : ICollate<T>
    {
        public Batch Collate(IReadOnlyList<T> samples) => collate(samples);
    }
}
