using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>max(x, 0). Backward reads only the output.</summary>
internal sealed class Relu : ElementWise
{
    /// <inheritdoc/>
    public override string Kind => "relu";
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => nn.functional.relu(inputs[0]);
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0, Output: true);
    /// <inheritdoc/>
    public override bool Rectifies => true;
    /// <inheritdoc/>
    public override IReadOnlyList<double>? SumWeights => [1];
}

/// <summary>Gaussian error linear unit (Hendrycks and Gimpel 2016). Backward reads the input.</summary>
/// <param name="tanh">The approximation by a hyperbolic tangent, as in GPT-2; default the exact form.</param>
internal sealed class Gelu(bool tanh = false) : ElementWise, IOverwritesGradient
{
    /// <inheritdoc/>
    public override string Kind => "gelu";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["tanh"] = tanh };
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => Apply(inputs[0]);
    private Tensor Apply(Tensor x)
        => tanh ? nn.functional.gelu(x, TorchSharp.Modules.GELU.Approximate.tanh) : nn.functional.gelu(x);

    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => GeluKernel.IsAvailable;

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        statistics = [];
        return Apply(input);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        if (!wantsInput) return null;
        var arriving = empty_like(gradient);
        GeluKernel.Backward(gradient, input, arriving, tanh);
        return arriving;
    }

    /// <inheritdoc/>
    public void BackwardOver(Tensor input, Tensor gradient, Tensor[] statistics)
        => GeluKernel.Backward(gradient, input, gradient, tanh);

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 1);
    /// <inheritdoc/>
    public override double Flops(Node node) => 10.0 * node.Output.Shape.Elements;
}

/// <summary>
/// Zeroes elements with a probability while training and scales the rest (Srivastava et al. 2014). Keeps its mask.
/// </summary>
/// <param name="probability">Chance of an element to be zeroed, 0 to 1: at 0 the input passes as it is, at 1 nothing
/// does.</param>
/// <param name="module">The user's module, whose mode it follows, and whose probability while it draws at all; null: the
/// net's.</param>
internal sealed class Dropout(double probability, TorchSharp.Modules.Dropout? module = null) : ElementWise, IOverwritesGradient
{
    private readonly double given = probability is >= 0 and <= 1 ? probability
        : throw new GraphException($"dropout probability must be in [0, 1], got {probability}");
    /// <summary>Chance of an element to be zeroed.</summary>
    public double Probability => IsRandom && module is not null ? module.p : given;
    /// <inheritdoc/>
    public override nn.Module? Module => module;
    /// <inheritdoc/>
    public override bool IsView => given == 0;
    internal override bool FollowsModule => IsRandom;
    /// <inheritdoc/>
    public override string Kind => "dropout";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["p"] = Probability,
    };
    /// <inheritdoc/>
    public override bool IsRandom => given is > 0 and < 1;
    /// <inheritdoc/>
    public override bool HasModes => true;
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => !mode.Training || IsView ? inputs[0].alias()
            : Probability == 0 ? inputs[0].clone() : nn.functional.dropout(inputs[0], Probability);

    /// <inheritdoc/>
    // A GPU's kernel keeps a mask of bytes.
    public bool RunsDirect(Tensor input) => IsRandom && input.device_type == DeviceType.CPU;

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        var mask = Draw(empty_like(input));
        statistics = [mask];
        return input.mul(mask);
    }

    /// <summary>Fills a tensor with what to multiply with: as libtorch, numbers are drawn only where chance decides.</summary>
    public Tensor Draw(Tensor mask)
    {
        var p = Probability;
        if (p == 1) return mask.zero_();
        using var kept = Scalars.Of(1 - p);
        return p == 0 ? mask.fill_(kept) : mask.bernoulli_(1 - p).div_(kept);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
        => wantsInput ? gradient.mul(statistics[0]) : null;

    /// <inheritdoc/>
    public void BackwardOver(Tensor input, Tensor gradient, Tensor[] statistics) => gradient.mul_(statistics[0]);

    /// <inheritdoc/>
    // A mask of floats; of probability 1 a single zero.
    public override Saved Saves(Node node)
        => new(Inputs: 0, ExtraBytes: batch => IsView ? 0 : IsRandom ? 4 * batch * node.Output.Shape.Elements : 4);
}
