using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>A pooling over (channels, height, width).</summary>
internal abstract class Pool : Op
{
    /// <summary>Output height and width for an input.</summary>
    protected abstract (long Height, long Width) OutputSize(Shape input);

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        RequireRank(inputs[0], 3, "channels x height x width");
        var (h, w) = OutputSize(inputs[0].Shape);
        return (new Shape(inputs[0].Shape[0], h, w), inputs[0].Type);
    }

    /// <summary>
    /// What a window's backward reads of the input, for <see cref="Saved.Inputs"/>: run directly nothing but the shape,
    /// recorded by autograd all.
    /// </summary>
    private protected static uint ReadsInput(Node node)
        => Aten.IsAvailable && DirectTypes.Has(node.Inputs[0].Type) ? 0u : 1u;
}

/// <summary>
/// Maximum over windows. Keeps a 64-bit index for each output; of the input backward reads only the shape.
/// </summary>
internal sealed class MaxPool2d(Size2 kernel, Size2 stride, Size2 padding, bool ceiling = false) : Pool, IDirectUnary
{
    /// <inheritdoc/>
    public override string Kind => "max_pool2d";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["kernel_size"] = kernel.ToArray(),
        ["stride"] = stride.ToArray(),
        ["padding"] = padding.ToArray(),
        ["ceil_mode"] = ceiling,
    };
    /// <inheritdoc/>
    protected override (long, long) OutputSize(Shape input)
        => Window.Output(input, kernel, stride, padding, 1, ceiling);
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => !is_grad_enabled() && MaxPoolKernel.Takes(inputs[0], stride) ? Maxima(inputs[0], null)
            : nn.functional.max_pool2d(inputs[0], kernel.ToArray(), stride.ToArray(), padding.ToArray(), null, ceiling);

    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => Aten.IsAvailable && DirectTypes.Has(input.dtype);

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        if (MaxPoolKernel.Takes(input, stride))
        {
            statistics = [empty(Shaped(input), ScalarType.Int64)]; // where each maximum was
            return Maxima(input, statistics[0]);
        }
        Span<nint> results = stackalloc nint[2];
        Aten.Call("max_pool2d_with_indices", "", results, input, kernel.ToArray(), stride.ToArray(), padding.ToArray(),
            new long[] { 1, 1 }, ceiling);
        statistics = [Tensor.UnsafeCreateTensor(results[1])];
        return Tensor.UnsafeCreateTensor(results[0]);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        if (!wantsInput) return null;
        Span<nint> result = stackalloc nint[1];
        Aten.Call("max_pool2d_with_indices_backward", "", result, gradient, input, kernel.ToArray(), stride.ToArray(),
            padding.ToArray(), new long[] { 1, 1 }, ceiling, statistics[0]);
        return Tensor.UnsafeCreateTensor(result[0]);
    }

    private Tensor Maxima(Tensor input, Tensor? indices)
    {
        var y = empty(Shaped(input));
        MaxPoolKernel.Apply(input, y, indices, kernel, stride, padding);
        return y;
    }

    private long[] Shaped(Tensor input)
    {
        var (h, w) = OutputSize(new Shape(input.shape[1..]));
        return [input.shape[0], input.shape[1], h, w];
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node)
        => new(Inputs: ReadsInput(node), ExtraBytes: batch => 8 * batch * node.Output.Shape.Elements);
    /// <inheritdoc/>
    public override double Flops(Node node) => (double)node.Output.Shape.Elements * kernel.Height * kernel.Width;
}

/// <summary>
/// Mean over windows. Autograd keeps the input although backward reads only its shape; run directly it does not.
/// </summary>
internal sealed class AvgPool2d(Size2 kernel, Size2 stride, Size2 padding, bool ceiling = false,
    bool countPadding = true) : Pool, IDirectUnary
{
    /// <inheritdoc/>
    public override string Kind => "avg_pool2d";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["kernel_size"] = kernel.ToArray(),
        ["stride"] = stride.ToArray(),
        ["padding"] = padding.ToArray(),
        ["ceil_mode"] = ceiling,
        ["count_include_pad"] = countPadding,
    };
    /// <inheritdoc/>
    protected override (long, long) OutputSize(Shape input)
        => Window.Output(input, kernel, stride, padding, 1, ceiling);
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => nn.functional.avg_pool2d(inputs[0], kernel.ToArray(), stride.ToArray(), padding.ToArray(), ceiling,
        countPadding);

    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => Aten.IsAvailable && DirectTypes.Has(input.dtype);

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        statistics = [];
        return Forward([input], mode);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        if (!wantsInput) return null;
        Span<nint> result = stackalloc nint[1];
        Aten.Call("avg_pool2d_backward", "", result, gradient, input, kernel.ToArray(), stride.ToArray(),
            padding.ToArray(), ceiling, countPadding, null);
        return Tensor.UnsafeCreateTensor(result[0]);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: ReadsInput(node));
    /// <inheritdoc/>
    public override double Flops(Node node) => (double)node.Output.Shape.Elements * kernel.Height * kernel.Width;
}

/// <summary>
/// Mean over as many windows as the output has positions, whatever the input's size. 1x1 is a plain mean, which keeps
/// nothing.
/// </summary>
internal sealed class AdaptiveAvgPool2d(Size2 output) : Pool
{
    /// <inheritdoc/>
    public override string Kind => "adaptive_avg_pool2d";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["output_size"] = output.ToArray(),
    };
    /// <inheritdoc/>
    protected override (long, long) OutputSize(Shape input) => (output.Height, output.Width);
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => nn.functional.adaptive_avg_pool2d(inputs[0], output.ToArray());
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: output == new Size2(1, 1) ? 0u : 1u);
    /// <inheritdoc/>
    public override double Flops(Node node) => node.Inputs[0].Shape.Elements;
}

/// <summary>
/// Maximum over as many windows as the output has positions. Backward reads the input and 64-bit indices.
/// </summary>
internal sealed class AdaptiveMaxPool2d(Size2 output) : Pool
{
    /// <inheritdoc/>
    public override string Kind => "adaptive_max_pool2d";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["output_size"] = output.ToArray(),
    };
    /// <inheritdoc/>
    protected override (long, long) OutputSize(Shape input) => (output.Height, output.Width);
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => nn.functional.adaptive_max_pool2d(inputs[0], output.ToArray());
    /// <inheritdoc/>
    public override Saved Saves(Node node)
        => new(Inputs: 1, ExtraBytes: batch => 8 * batch * node.Output.Shape.Elements);
    /// <inheritdoc/>
    public override double Flops(Node node) => node.Inputs[0].Shape.Elements;
}
