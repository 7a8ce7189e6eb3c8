using Interactive.Runtime.Kernels;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>1 / (1 + exp(-x)). Backward reads the output.</summary>
internal sealed class Sigmoid : DirectFunction
{
    /// <inheritdoc/>
    public override string Kind => "sigmoid";
    private protected override bool ReadsOutput => true;
    private protected override Tensor Apply(Tensor x) => x.sigmoid();
    private protected override void Write(Tensor gradient, Tensor read, Tensor result)
        => Call("sigmoid_backward", "grad_input", gradient, read, result);
    /// <inheritdoc/>
    public override double Flops(Node node) => 8.0 * node.Output.Shape.Elements;
}

/// <summary>Hyperbolic tangent. Backward reads the output.</summary>
internal sealed class Tanh : DirectFunction
{
    /// <inheritdoc/>
    public override string Kind => "tanh";
    private protected override bool ReadsOutput => true;
    private protected override Tensor Apply(Tensor x) => x.tanh();
    private protected override void Write(Tensor gradient, Tensor read, Tensor result)
        => Call("tanh_backward", "grad_input", gradient, read, result);
    /// <inheritdoc/>
    public override double Flops(Node node) => 8.0 * node.Output.Shape.Elements;
}

/// <summary>x sigmoid(x), also called Swish (Elfwing et al. 2017). Backward reads the input.</summary>
internal sealed class Silu : DirectFunction
{
    /// <inheritdoc/>
    public override string Kind => "silu";
    private protected override Tensor Apply(Tensor x) => nn.functional.silu(x);
    private protected override void Write(Tensor gradient, Tensor read, Tensor result)
        => Call("silu_backward", "grad_input", gradient, read, result);
    /// <inheritdoc/>
    public override double Flops(Node node) => 9.0 * node.Output.Shape.Elements;
}

/// <summary>x where positive, alpha (exp(x) - 1) elsewhere (Clevert et al. 2016). Backward reads the input.</summary>
/// <param name="alpha">The bound for large negative numbers, with its sign turned; default 1.</param>
internal sealed class Elu(double alpha = 1) : DirectFunction
{
    /// <inheritdoc/>
    public override string Kind => "elu";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["alpha"] = alpha };
    private protected override bool HasKernel => ActivationKernels.AreAvailable;
    private protected override Tensor Apply(Tensor x) => nn.functional.elu(x, alpha);
    private protected override void Write(Tensor gradient, Tensor read, Tensor result)
        => ActivationKernels.Elu(gradient, read, alpha, result);
    /// <inheritdoc/>
    public override double Flops(Node node) => 8.0 * node.Output.Shape.Elements;
}

/// <summary>
/// log(1 + exp(beta x)) / beta, x itself where beta x exceeds the threshold. Backward reads the input.
/// </summary>
/// <param name="beta">Steepness; default 1.</param>
/// <param name="threshold">Above it the function is linear; default 20.</param>
internal sealed class Softplus(double beta = 1, double threshold = 20) : DirectFunction
{
    /// <inheritdoc/>
    public override string Kind => "softplus";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["beta"] = beta, ["threshold"] = threshold };
    private protected override bool HasKernel => ActivationKernels.AreAvailable;
    private protected override Tensor Apply(Tensor x) => nn.functional.softplus(x, beta, threshold);
    private protected override void Write(Tensor gradient, Tensor read, Tensor result)
        => ActivationKernels.Softplus(gradient, read, beta, threshold, result);
    /// <inheritdoc/>
    public override double Flops(Node node) => 10.0 * node.Output.Shape.Elements;
}
