using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>A pooling over (channels, length): that of an image of one row.</summary>
internal abstract class Pool1d : Op, IDirectUnary
{
    private protected abstract IDirectUnary OfRows { get; }
    private protected abstract Shape OutputShape(Shape rows);

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        RequireRank(inputs[0], 2, "channels x length");
        return (OutputShape(new Shape(inputs[0].Shape[0], 1, inputs[0].Shape[1])), inputs[0].Type);
    }

    private protected static Shape Length(Shape rows, long kernel, long stride, long padding, bool ceiling)
        => new(rows[0], Window.Output(rows, (1, kernel), (1, stride), (0, padding), 1, ceiling).Width);

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var rows = inputs[0].unsqueeze(2);
        using var y = ((Op)OfRows).Forward([rows], mode);
        return y.squeeze(2);
    }

    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => OfRows.RunsDirect(input);

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        using var rows = input.unsqueeze(2);
        using var y = OfRows.Forward(rows, mode, out statistics);
        return y.squeeze(2);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        using Tensor rows = input.unsqueeze(2), ofRows = gradient.unsqueeze(2);
        using var arriving = OfRows.Backward(rows, ofRows, statistics, wantsInput);
        return arriving?.squeeze(2);
    }

    // Recorded by autograd it keeps a view of the input.
    private protected static bool IsDirect(Node node) => Aten.IsAvailable && DirectTypes.Has(node.Inputs[0].Type);
}

/// <summary>Maximum over windows of a length. Keeps a 64-bit index for each output.</summary>
internal sealed class MaxPool1d(long kernel, long stride, long padding = 0, bool ceiling = false) : Pool1d
{
    /// <inheritdoc/>
    public override string Kind => "max_pool1d";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["kernel_size"] = kernel,
        ["stride"] = stride,
        ["padding"] = padding,
        ["ceil_mode"] = ceiling,
    };
    private protected override IDirectUnary OfRows { get; } = new MaxPool2d((1, kernel), (1, stride), (0, padding),
        ceiling);
    private protected override Shape OutputShape(Shape rows) => Length(rows, kernel, stride, padding, ceiling);
    /// <inheritdoc/>
    public override Saved Saves(Node node)
        => new(Inputs: IsDirect(node) ? 0u : 1u, ExtraBytes: batch => 8 * batch * node.Output.Shape.Elements,
        Swappable: IsDirect(node));
    /// <inheritdoc/>
    public override double Flops(Node node) => (double)node.Output.Shape.Elements * kernel;
}

/// <summary>Mean over windows of a length. Keeps nothing.</summary>
internal sealed class AvgPool1d(long kernel, long stride, long padding = 0, bool ceiling = false,
    bool countPadding = true) : Pool1d
{
    /// <inheritdoc/>
    public override string Kind => "avg_pool1d";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["kernel_size"] = kernel,
        ["stride"] = stride,
        ["padding"] = padding,
        ["ceil_mode"] = ceiling,
        ["count_include_pad"] = countPadding,
    };
    private protected override IDirectUnary OfRows { get; } = new AvgPool2d((1, kernel), (1, stride), (0, padding),
        ceiling, countPadding);
    private protected override Shape OutputShape(Shape rows) => Length(rows, kernel, stride, padding, ceiling);
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: IsDirect(node) ? 0u : 1u, Swappable: IsDirect(node));
    /// <inheritdoc/>
    public override double Flops(Node node) => (double)node.Output.Shape.Elements * kernel;
}

/// <summary>
/// Mean over as many windows as the output has places, whatever the length. One place is a plain mean, which keeps
/// nothing.
/// </summary>
internal sealed class AdaptiveAvgPool1d(long output) : Op
{
    /// <inheritdoc/>
    public override string Kind => "adaptive_avg_pool1d";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["output_size"] = output };

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        RequireRank(inputs[0], 2, "channels x length");
        return (new Shape(inputs[0].Shape[0], output), inputs[0].Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => nn.functional.adaptive_avg_pool1d(inputs[0], output);
    /// <inheritdoc/>
    // Autograd keeps a view of the input.
    public override Saved Saves(Node node) => new(Inputs: output == 1 ? 0u : 1u, Swappable: output == 1);
    /// <inheritdoc/>
    public override double Flops(Node node) => node.Inputs[0].Shape.Elements;
}
