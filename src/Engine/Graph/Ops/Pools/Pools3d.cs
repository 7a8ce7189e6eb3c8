using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// A pooling over (channels, depth, height, width). Of the input backward reads only the shape, where autograd does not
/// record it.
/// </summary>
internal abstract class Pool3d : Op, IDirectUnary
{
    private protected readonly long[] Kernel, Stride, Padding;
    private protected readonly bool Ceiling;

    private protected Pool3d(long[] kernel, long[]? stride, long[]? padding, bool ceiling)
        => (Kernel, Stride, Padding, Ceiling) = (Three(kernel, "window"), Three(stride ?? kernel, "stride"),
        Three(padding ?? [0], "padding"), ceiling);

    private static long[] Three(long[] sizes, string what) => sizes.Length switch
    {
        1 => [sizes[0], sizes[0], sizes[0]],
        3 => sizes,
        _ => throw new GraphException($"a {what} has one size or three, got {string.Join('x', sizes)}"),
    };

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["kernel_size"] = Kernel,
        ["stride"] = Stride,
        ["padding"] = Padding,
        ["ceil_mode"] = Ceiling,
    };

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var x = inputs[0].Shape;
        RequireRank(inputs[0], 4, "channels x depth x height x width");
        var depth = Window.Output(new Shape(1, 1, x[1]), (1, Kernel[0]), (1, Stride[0]), (0, Padding[0]), 1, Ceiling)
            .Width;
        var (height, width) = Window.Output(x, (Kernel[1], Kernel[2]), (Stride[1], Stride[2]), (Padding[1], Padding[2]),
            1, Ceiling);
        return (new Shape(x[0], depth, height, width), inputs[0].Type);
    }

    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => Aten.IsAvailable && DirectTypes.Has(input.dtype);
    /// <inheritdoc/>
    public abstract Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics);
    /// <inheritdoc/>
    public abstract Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput);
    private protected static uint Reads(Node node)
        => Aten.IsAvailable && DirectTypes.Has(node.Inputs[0].Type) ? 0u : 1u;
    /// <inheritdoc/>
    public override double Flops(Node node) => (double)node.Output.Shape.Elements * Kernel[0] * Kernel[1] * Kernel[2];
}

/// <summary>Maximum over windows of a volume. Keeps a 64-bit index for each output.</summary>
internal sealed class MaxPool3d(long[] kernel, long[]? stride = null, long[]? padding = null, bool ceiling = false)
    : Pool3d(kernel, stride, padding, ceiling)
{
    /// <inheritdoc/>
    public override string Kind => "max_pool3d";
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => nn.functional.max_pool3d(inputs[0], Kernel, Stride, Padding, [1, 1, 1], Ceiling);

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        Span<nint> results = stackalloc nint[2];
        Aten.Call("max_pool3d_with_indices", "", results, input, Kernel, Stride, Padding, new long[] { 1, 1, 1 },
            Ceiling);
        statistics = [Tensor.UnsafeCreateTensor(results[1])];
        return Tensor.UnsafeCreateTensor(results[0]);
    }

    /// <inheritdoc/>
    public override Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        if (!wantsInput) return null;
        Span<nint> result = stackalloc nint[1];
        Aten.Call("max_pool3d_with_indices_backward", "", result, gradient, input, Kernel, Stride, Padding,
            new long[] { 1, 1, 1 }, Ceiling, statistics[0]);
        return Tensor.UnsafeCreateTensor(result[0]);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node)
        => new(Inputs: Reads(node), ExtraBytes: batch => 8 * batch * node.Output.Shape.Elements);
}

/// <summary>Mean over windows of a volume. Keeps nothing.</summary>
internal sealed class AvgPool3d(long[] kernel, long[]? stride = null, long[]? padding = null, bool ceiling = false,
    bool countPadding = true) : Pool3d(kernel, stride, padding, ceiling)
{
    /// <inheritdoc/>
    public override string Kind => "avg_pool3d";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object>(base.Attributes) { ["count_include_pad"] = countPadding };
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => nn.functional.avg_pool3d(inputs[0], Kernel, Stride, Padding, Ceiling, countPadding);

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        statistics = [];
        return Forward([input], mode);
    }

    /// <inheritdoc/>
    public override Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        if (!wantsInput) return null;
        Span<nint> result = stackalloc nint[1];
        Aten.Call("avg_pool3d_backward", "", result, gradient, input, Kernel, Stride, Padding, Ceiling, countPadding,
            null);
        return Tensor.UnsafeCreateTensor(result[0]);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: Reads(node));
}
