using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>x + c. Backward passes the gradient on.</summary>
/// <param name="number">c.</param>
internal sealed class AddScalar(double number) : ElementWise
{
    /// <inheritdoc/>
    public override string Kind => "add_scalar";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["value"] = number };

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var c = Scalars.Of(number);
        return inputs[0].add(c);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
    /// <inheritdoc/>
    public override IReadOnlyList<double>? SumWeights => [1];
}

/// <summary>c x; <c>MulScalar(-1)</c> turns the sign. Backward passes the gradient on, times c.</summary>
/// <param name="number">c.</param>
internal sealed class MulScalar(double number) : ElementWise
{
    /// <inheritdoc/>
    public override string Kind => "mul_scalar";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["value"] = number };

    /// <inheritdoc/>
    // A tensor of its own, even of 1 x.
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var c = Scalars.Of(number);
        return inputs[0].mul(c);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
    /// <inheritdoc/>
    public override IReadOnlyList<double>? SumWeights => [number];
}

/// <summary>
/// x / c, which rounds otherwise than x times 1 / c. Backward divides the gradient and reads nothing.
/// </summary>
/// <param name="number">c.</param>
internal sealed class DivScalar(double number) : ElementWise, IOverwritesGradient
{
    /// <inheritdoc/>
    public override string Kind => "div_scalar";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["value"] = number };
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => Divide(inputs[0]);
    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => true;

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        statistics = [];
        return Divide(input);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
        => wantsInput ? Divide(gradient) : null;

    /// <inheritdoc/>
    public void BackwardOver(Tensor input, Tensor gradient, Tensor[] statistics)
    {
        using var c = Scalars.Of(number);
        gradient.div_(c);
    }

    private Tensor Divide(Tensor x)
    {
        using var c = Scalars.Of(number);
        return x.div(c);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
}
