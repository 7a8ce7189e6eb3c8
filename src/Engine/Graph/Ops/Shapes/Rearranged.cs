using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>An op that copies numbers to other places; backward copies the gradient back and reads nothing.</summary>
internal abstract class Rearranged : Op, IDirectUnary
{
    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => HasKernel;

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        statistics = [];
        return Forward([input], mode);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
        => wantsInput ? Back(gradient, input) : null;

    /// <summary>True when backward needs no autograd.</summary>
    private protected virtual bool HasKernel => true;

    /// <summary>
    /// The gradient of an input, of which only the shape is read; may lie in the bytes of the output's.
    /// </summary>
    private protected abstract Tensor Back(Tensor gradient, Tensor input);

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);

    /// <summary>Zeros of the input's shape with the gradient in a part of them.</summary>
    private protected static Tensor Within(Tensor gradient, Tensor input, Func<Tensor, Tensor> part)
    {
        var whole = zeros(input.shape, gradient.dtype, gradient.device);
        using var place = part(whole);
        place.copy_(gradient);
        return whole;
    }
}

/// <summary>Dimensions in another order. Copies, so that what follows reads rows.</summary>
/// <param name="order">Which dimension of the input comes where, numbered as in a tensor without the batch, which stays
/// first: <c>[2, 1]</c> transposes a matrix.</param>
internal sealed class Permute(params long[] order) : Rearranged
{
    /// <inheritdoc/>
    public override string Kind => "permute";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["dims"] = order };

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var axes = Order(inputs[0].Shape);
        return (new Shape([.. axes.Select(a => inputs[0].Shape[(int)a - 1])]), inputs[0].Type);
    }

    private long[] Order(Shape shape)
    {
        if (Axes.Of(order, shape).Length != shape.Rank)
            throw new GraphException($"orders {order.Length} dimensions, got {shape}");
        return [.. order.Select(d => (long)Axes.Of(d, shape))];
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var turned = inputs[0].permute([0, .. Order(new Shape(inputs[0].shape[1..]))]);
        return Axes.Copy(turned);
    }

    private protected override Tensor Back(Tensor gradient, Tensor input)
    {
        var axes = Order(new Shape(input.shape[1..]));
        var back = new long[input.dim()];
        for (var i = 0; i < axes.Length; i++) back[axes[i]] = i + 1;
        // what is before rounds as autograd does only where it reads the gradient as it lies
        return gradient.permute(back);
    }
}

/// <summary>A stretch of one dimension.</summary>
/// <param name="dimension">Numbered as in a tensor, the batch being 0.</param>
/// <param name="start">Its first place; negative from the end.</param>
/// <param name="length">How many places.</param>
internal sealed class Narrow(long dimension, long start, long length) : Rearranged
{
    /// <inheritdoc/>
    public override string Kind => "narrow";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["dim"] = dimension, ["start"] = start, ["length"] = length };

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var (sizes, axis) = (inputs[0].Shape.ToArray(), Axes.Of(dimension, inputs[0].Shape));
        var size = sizes[axis - 1];
        if (length < 1 || From(size) < 0 || From(size) + length > size) throw new GraphException($"takes {length} from {start} on of dimension {dimension}, which has {size} places");
        sizes[axis - 1] = length;
        return (new Shape(sizes), inputs[0].Type);
    }

    private long From(long size) => start < 0 ? start + size : start;

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var part = inputs[0].narrow(dimension, From(inputs[0].size((int)dimension)), length);
        return Axes.Copy(part);
    }

    private protected override Tensor Back(Tensor gradient, Tensor input)
        => Within(gradient, input, whole => whole.narrow(dimension, From(whole.size((int)dimension)), length));
}

/// <summary>One place of a dimension, which falls away.</summary>
/// <param name="dimension">Numbered as in a tensor, the batch being 0.</param>
/// <param name="index">The place; negative from the end.</param>
internal sealed class Select(long dimension, long index) : Rearranged
{
    /// <inheritdoc/>
    public override string Kind => "select";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["dim"] = dimension, ["index"] = index };

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var (sizes, axis) = (inputs[0].Shape.ToArray().ToList(), Axes.Of(dimension, inputs[0].Shape));
        var size = sizes[axis - 1];
        if (index < -size || index >= size)
            throw new GraphException($"takes place {index} of dimension {dimension}, which has {size}");
        sizes.RemoveAt(axis - 1);
        return (new Shape([.. sizes]), inputs[0].Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var part = inputs[0].select(dimension, index);
        return Axes.Copy(part);
    }

    private protected override Tensor Back(Tensor gradient, Tensor input)
        => Within(gradient, input, whole => whole.select(dimension, index));
}
