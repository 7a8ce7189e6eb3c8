using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>A sum over dimensions, or what is made of it. Backward repeats the gradient and reads nothing.</summary>
internal abstract class Reduction : Op, IDirectUnary
{
    private readonly long[] dimensions;
    private readonly bool keep;

    private protected Reduction(long[] dimensions, bool keepDimensions)
        => (this.dimensions,
        keep) = (dimensions.Length > 0 ? dimensions
        : throw new GraphException("give at least one dimension to sum over"), keepDimensions);

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["dim"] = dimensions, ["keepdim"] = keep };

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var sizes = inputs[0].Shape.ToArray().ToList();
        foreach (var axis in Axes.Of(dimensions, inputs[0].Shape).Reverse())
            if (keep) sizes[(int)axis - 1] = 1;
            else sizes.RemoveAt((int)axis - 1);
        return (new Shape([.. sizes]), inputs[0].Type);
    }

    private protected abstract Tensor Reduce(Tensor x, long[] dimensions, bool keep);

    /// <summary>The gradient of the input from the repeated gradient of the output.</summary>
    /// <param name="repeated">A view that repeats numbers.</param>
    /// <param name="each">Numbers summed to one.</param>
    private protected abstract Tensor Spread(Tensor repeated, long each);

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => Reduce(inputs[0], dimensions, keep);
    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => true;
    /// <inheritdoc/>
    public virtual bool RepeatsGradient => false;

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        statistics = [];
        return Reduce(input, dimensions, keep);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        if (!wantsInput) return null;
        var (shape, each) = (input.shape, 1L);
        var kept = input.shape;
        foreach (var axis in Axes.Of(dimensions, new Shape(shape[1..]))) (kept[axis], each) = (1, each * shape[axis]);
        using var same = gradient.reshape(kept);
        using var repeated = same.expand(shape);
        return Spread(repeated, each);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
    /// <inheritdoc/>
    public override double Flops(Node node) => node.Inputs[0].Shape.Elements;
}

/// <summary>Sum over dimensions.</summary>
/// <param name="dimensions">Numbered as in a tensor, the batch being 0, which is not one of them.</param>
/// <param name="keepDimensions">Leave them in place with size 1; default false.</param>
internal sealed class Sum(long[] dimensions, bool keepDimensions = false) : Reduction(dimensions, keepDimensions)
{
    /// <inheritdoc/>
    public override string Kind => "sum";
    private protected override Tensor Reduce(Tensor x, long[] dimensions, bool keep) => x.sum(dimensions, keep);
    /// <inheritdoc/>
    // what is before the sum rounds as autograd does only where it reads such a view
    public override bool RepeatsGradient => true;
    private protected override Tensor Spread(Tensor repeated, long each) => repeated.alias();
}

/// <summary>Mean over dimensions.</summary>
/// <param name="dimensions">Numbered as in a tensor, the batch being 0, which is not one of them.</param>
/// <param name="keepDimensions">Leave them in place with size 1; default false.</param>
internal sealed class Mean(long[] dimensions, bool keepDimensions = false) : Reduction(dimensions, keepDimensions)
{
    /// <inheritdoc/>
    public override string Kind => "mean";
    private protected override Tensor Reduce(Tensor x, long[] dimensions, bool keep) => x.mean(dimensions, keep);

    private protected override Tensor Spread(Tensor repeated, long each)
    {
        using var count = Scalars.Of(each);
        return repeated.div(count);
    }
}
