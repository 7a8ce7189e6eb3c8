using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>
/// Makes a batch of another size with other values out of an example: its own numbers in another order, so that they
/// stay such as the module takes.
/// </summary>
internal static class OtherBatch
{
    /// <summary>The caller disposes it.</summary>
    /// <param name="example">At least one sample.</param>
    /// <param name="batch">Samples wanted.</param>
    /// <param name="seed">Another one gives other values.</param>
    public static Tensor Of(Tensor example, long batch, long seed)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var generator = new Generator((ulong)seed);
        long[] shape = [batch, .. example.shape[1..]];
        var count = shape.Aggregate(1L, (a, b) => a * b);
        var order = randint(0, Math.Max(1, example.numel()), [count], dtype: ScalarType.Int64, device: CPU,
            generator: generator).to(example.device);
        return example.detach().contiguous().view(-1).index_select(0, order).view(shape).MoveToOuterDisposeScope();
    }
}
