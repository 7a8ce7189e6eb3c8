using static TorchSharp.torch;

namespace Interactive.Graphs.Partition;

/// <summary>
/// What all ranks have, before layers of which each has a slice: a view. Backward sums what the slices found (Megatron-LM's f).
/// </summary>
/// <param name="ranks">The ranks.</param>
/// <param name="name">The value's, in error messages.</param>
internal sealed class EnterSlices(IRowExchange ranks, string name) : Op
{
    /// <inheritdoc/>
    public override string Kind => "enter_slices";
    /// <inheritdoc/>
    public override bool IsView => true;
    /// <inheritdoc/>
    public override bool ViewsAll => false;

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs) => (inputs[0].Shape, inputs[0].Type);
    /// <inheritdoc/>
    public override IReadOnlyList<Extent> Extents(IReadOnlyList<Value> inputs, Shape output) => inputs[0].Extents;
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => inputs[0].alias();
    /// <inheritdoc/>
    public override Tensor ViewBackward(Tensor gradient, long[] shape) => ranks.SumAll(gradient, name);
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
    /// <inheritdoc/>
    public override double Flops(Node node) => 0;

    internal override (long, long) SentBytes(Node node, long batch)
        => (0, 2 * node.Output.Bytes(batch) * (ranks.Ranks - 1) / ranks.Ranks);
}

/// <summary>
/// The sum of what the slices came to, on all ranks, and a bias, which comes once. Backward hands the gradient on
/// (Megatron-LM's g).
/// </summary>
/// <param name="ranks">The ranks.</param>
/// <param name="name">The layer's, in error messages.</param>
/// <param name="bias">Of the last dimension, or null.</param>
internal sealed class SumSlices(IRowExchange ranks, string name, TorchSharp.Modules.Parameter? bias)
    : Op, IOverwritesGradient
{
    /// <inheritdoc/>
    public override string Kind => "sum_slices";
    /// <inheritdoc/>
    public override bool IsCheap => false;
    internal override bool RunsOnce => true;
    /// <inheritdoc/>
    public override IEnumerable<TorchSharp.Modules.Parameter> Parameters => bias is null ? [] : [bias];

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
        => inputs[0].Type == ScalarType.Float32 ? (inputs[0].Shape, inputs[0].Type)
        : throw new GraphException($"sums fp32, got {inputs[0]}");

    /// <inheritdoc/>
    public override IReadOnlyList<Extent> Extents(IReadOnlyList<Value> inputs, Shape output) => inputs[0].Extents;
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        var sum = ranks.SumAll(inputs[0], name);
        return bias is null ? sum : sum.add_(bias, Runtime.Scalars.One);
    }

    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => true;

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        statistics = [];
        using var noGrad = no_grad();
        return Forward([input], mode);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        BackwardOver(input, gradient, statistics);
        return wantsInput ? gradient.alias() : null;
    }

    /// <inheritdoc/>
    public void BackwardOver(Tensor input, Tensor gradient, Tensor[] statistics)
    {
        if (bias is { requires_grad: true }) ParameterGradient.Add(bias, Ops.LinearGradients.OfBias(gradient));
    }

    internal override (long, long) SentBytes(Node node, long batch)
        => (2 * node.Output.Bytes(batch) * (ranks.Ranks - 1) / ranks.Ranks, 0);
}
