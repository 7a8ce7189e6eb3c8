using Interactive.Graphs.Ops;

namespace Interactive.Graphs;

/// <summary>The fluent vocabulary of activations: each method adds one node and returns its value.</summary>
public static class ActivationLayers
{
    /// <summary>1 / (1 + exp(-x)).</summary>
    public static Value Sigmoid(this Value x, string? name = null) => x.Builder.Add(new Sigmoid(), name, x);
    /// <summary>Hyperbolic tangent.</summary>
    public static Value Tanh(this Value x, string? name = null) => x.Builder.Add(new Tanh(), name, x);
    /// <summary>x sigmoid(x).</summary>
    public static Value Silu(this Value x, string? name = null) => x.Builder.Add(new Silu(), name, x);
    /// <summary>Exponential linear unit.</summary>
    public static Value Elu(this Value x, double alpha = 1, string? name = null)
        => x.Builder.Add(new Elu(alpha), name, x);
    /// <summary>log(1 + exp(beta x)) / beta.</summary>
    public static Value Softplus(this Value x, double beta = 1, double threshold = 20, string? name = null)
        => x.Builder.Add(new Softplus(beta, threshold), name, x);
    /// <summary>Rectifier that lets a part of the negative side through.</summary>
    public static Value LeakyRelu(this Value x, double slope = 0.01, string? name = null)
        => x.Builder.Add(new LeakyRelu(slope), name, x);
    /// <summary>Rectifier cut off at 6.</summary>
    public static Value Relu6(this Value x, string? name = null) => x.Builder.Add(new Relu6(), name, x);
    /// <summary>x (x + 3) / 6 between -3 and 3, 0 below, x above.</summary>
    public static Value Hardswish(this Value x, string? name = null) => x.Builder.Add(new Hardswish(), name, x);
    /// <summary>(x + 3) / 6 cut off at 0 and 1.</summary>
    public static Value Hardsigmoid(this Value x, string? name = null) => x.Builder.Add(new Hardsigmoid(), name, x);
}
