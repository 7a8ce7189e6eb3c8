using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>x where positive, slope x elsewhere (Maas et al. 2013). Backward reads the input.</summary>
/// <param name="slope">Of the negative side; default 0.01.</param>
internal sealed class LeakyRelu(double slope = 0.01) : DirectFunction
{
    /// <inheritdoc/>
    public override string Kind => "leaky_relu";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["negative_slope"] = slope };
    private protected override bool HasKernel => ActivationKernels.AreAvailable;
    private protected override Tensor Apply(Tensor x) => nn.functional.leaky_relu(x, slope);
    private protected override void Write(Tensor gradient, Tensor read, Tensor result)
        => ActivationKernels.LeakyRelu(gradient, read, slope, result);
}

/// <summary>x cut off at 0 and 6 (Howard et al. 2017). Backward reads the input.</summary>
internal sealed class Relu6 : DirectFunction
{
    /// <inheritdoc/>
    public override string Kind => "relu6";
    private protected override bool HasKernel => ActivationKernels.AreAvailable;
    private protected override Tensor Apply(Tensor x) => x.relu6();
    private protected override void Write(Tensor gradient, Tensor read, Tensor result)
        => ActivationKernels.Hardtanh(gradient, read, 0, 6, result);
}

/// <summary>
/// x cut off below and above; the gradient passes at the bounds, and a bound may be infinite. Backward reads the input.
/// </summary>
/// <param name="least">Lower bound.</param>
/// <param name="most">Upper bound.</param>
internal sealed class Clamp(double least, double most) : DirectFunction
{
    /// <inheritdoc/>
    public override string Kind => "clamp";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["min"] = least, ["max"] = most };

    private protected override Tensor Apply(Tensor x)
    {
        using TorchSharp.Scalar low = Scalars.Of(least), high = Scalars.Of(most);
        return x.clamp(low, high);
    }

    private protected override void Write(Tensor gradient, Tensor read, Tensor result)
    {
        using TorchSharp.Scalar low = Scalars.Of(least), high = Scalars.Of(most), zero = Scalars.Of(0);
        using Tensor above = read.ge(low), below = read.le(high), within = above.logical_and(below),
            outside = within.logical_not();
        if (!ReferenceEquals(gradient, result)) result.copy_(gradient);
        result.masked_fill_(outside, zero);
    }
}

/// <summary>x (x + 3) / 6 between -3 and 3, 0 below, x above (Howard et al. 2019). Backward reads the input.</summary>
internal sealed class Hardswish : ElementWise, IDirectUnary
{
    /// <inheritdoc/>
    public override string Kind => "hardswish";
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => nn.functional.hardswish(inputs[0]);
    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => Aten.IsAvailable;

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        statistics = [];
        return nn.functional.hardswish(input);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        if (!wantsInput) return null;
        Span<nint> results = stackalloc nint[1];
        Aten.Call("hardswish_backward", "", results, gradient, input);
        return Tensor.UnsafeCreateTensor(results[0]);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 1);
    /// <inheritdoc/>
    public override double Flops(Node node) => 4.0 * node.Output.Shape.Elements;
}

/// <summary>(x + 3) / 6 cut off at 0 and 1. Backward reads the input.</summary>
internal sealed class Hardsigmoid : DirectFunction
{
    /// <inheritdoc/>
    public override string Kind => "hardsigmoid";
    private protected override Tensor Apply(Tensor x) => nn.functional.hardsigmoid(x);
    private protected override void Write(Tensor gradient, Tensor read, Tensor result)
        => Call("hardsigmoid_backward", "grad_input", gradient, read, result);
    /// <inheritdoc/>
    public override double Flops(Node node) => 3.0 * node.Output.Shape.Elements;
}
