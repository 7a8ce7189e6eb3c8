using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>The weights of <see cref="RmsNorm"/>, ones at first; TorchSharp 0.107 has no such module.</summary>
internal sealed class RmsNormWeight : nn.Module
{
    /// <summary>Over the last dimension, of this width.</summary>
    public RmsNormWeight(long width, Device? device = null) : base("rms_norm")
    {
        weight = new TorchSharp.Modules.Parameter(ones(width, device: device));
        RegisterComponents();
    }

    /// <summary>(width).</summary>
    public readonly TorchSharp.Modules.Parameter weight;
}

/// <summary>
/// x / sqrt(mean(x²) + eps), times a weight, over the last dimension (Zhang and Sennrich 2019). Backward reads the
/// input and one number per row.
/// </summary>
/// <param name="module">The weights.</param>
/// <param name="eps">Added to the mean of squares.</param>
internal sealed class RmsNorm(RmsNormWeight module, double eps = 1e-6) : ElementWise, IDirectUnary
{
    private static readonly Scalar Two = 2, Half = -0.5, Three = 3;

    /// <inheritdoc/>
    public override string Kind => "rms_norm";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object> { ["eps"] = eps };
    /// <inheritdoc/>
    public override nn.Module Module => module;

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        if (inputs[0].Shape.Rank == 0 || inputs[0].Shape[^1] != module.weight.shape[0])
            throw new GraphException($"normalises {module.weight.shape[0]}, got {inputs[0].Shape}");
        return base.Infer(inputs);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var inverse = Inverse(inputs[0]);
        using var normalised = inputs[0].mul(inverse);
        return normalised.mul(module.weight);
    }

    private Tensor Inverse(Tensor x)
    {
        using var small = Scalars.Of(eps);
        using var squares = x.pow(Two);
        using var mean = squares.mean([-1], keepdim: true);
        using var more = mean.add(small);
        return more.rsqrt();
    }

    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => true;

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        var inverse = Inverse(input);
        statistics = [inverse];
        using var normalised = input.mul(inverse);
        return normalised.mul(module.weight);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        var inverse = statistics[0];
        if (module.weight.requires_grad)
        {
            using var normalised = input.mul(inverse); // made again rather than kept
            using var product = gradient.mul(normalised);
            ParameterGradient.Add(module.weight,
                product.sum([.. Enumerable.Range(0, (int)product.dim() - 1).Select(i => (long)i)]));
        }
        if (!wantsInput) return null;
        using var weighted = gradient.mul(module.weight);
        var arriving = weighted.mul(inverse);
        using var products = weighted.mul(input);
        using var ofInverse = products.sum([-1], keepdim: true);
        using var cubed = inverse.pow(Three);
        using var half = ofInverse.mul(Half);
        using var ofMean = half.mul(cubed);
        using var repeated = ofMean.expand(input.shape);
        using var count = Scalars.Of(input.size(-1));
        using var each = repeated.div(count);
        using var twice = input.mul(Two);
        using var ofSquares = each.mul(twice);
        return arriving.add_(ofSquares, Scalars.One);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node)
        => new(Inputs: 1, ExtraBytes: batch => 4 * batch * node.Output.Shape.Elements / node.Output.Shape[^1]);
    /// <inheritdoc/>
    public override double Flops(Node node) => 4.0 * node.Output.Shape.Elements;
}
