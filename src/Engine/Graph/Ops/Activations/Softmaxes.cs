using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>A softmax along one dimension. Backward reads the output.</summary>
internal abstract class SoftmaxFamily : ElementWise, IDirectUnary
{
    private readonly long dimension;
    private protected SoftmaxFamily(long dimension) => this.dimension = dimension;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["dim"] = dimension };

    private protected abstract Tensor Apply(Tensor x, long dimension);
    private protected abstract string Kernel { get; }

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        Axes.Of(dimension, inputs[0].Shape);
        return base.Infer(inputs);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => Apply(inputs[0], dimension);
    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => Aten.IsAvailable && input.dtype == ScalarType.Float32;

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        var y = Apply(input, dimension);
        statistics = [y.alias()];
        return y;
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        if (!wantsInput) return null;
        Span<nint> results = stackalloc nint[1];
        Aten.Call(Kernel, "", results, gradient, statistics[0], dimension, (long)ScalarType.Float32);
        return Tensor.UnsafeCreateTensor(results[0]);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0, Output: true);
    /// <inheritdoc/>
    public override double Flops(Node node) => 10.0 * node.Output.Shape.Elements;
}

/// <summary>exp(x) divided by its sum along a dimension.</summary>
/// <param name="dimension">Numbered as in a tensor, the batch being 0; default the last.</param>
internal sealed class Softmax(long dimension = -1) : SoftmaxFamily(dimension)
{
    /// <inheritdoc/>
    public override string Kind => "softmax";
    private protected override Tensor Apply(Tensor x, long dimension) => nn.functional.softmax(x, dimension);
    private protected override string Kernel => "_softmax_backward_data";
}

/// <summary>The logarithm of <see cref="Softmax"/>, without its rounding.</summary>
/// <param name="dimension">Numbered as in a tensor, the batch being 0; default the last.</param>
internal sealed class LogSoftmax(long dimension = -1) : SoftmaxFamily(dimension)
{
    /// <inheritdoc/>
    public override string Kind => "log_softmax";
    private protected override Tensor Apply(Tensor x, long dimension) => nn.functional.log_softmax(x, dimension);
    private protected override string Kernel => "_log_softmax_backward_data";
}
