using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// The gradients of x W^T + b over the last dimension, by the calls that autograd makes: libtorch lays the leading
/// dimensions in one and multiplies matrices.
/// </summary>
internal static class LinearGradients
{
    /// <summary>
    /// True for an input whose rows lie one behind the other; libtorch may multiply others sample by sample.
    /// </summary>
    public static bool Takes(Tensor input) => input.is_contiguous();

    /// <summary>All dimensions but the last laid in one.</summary>
    public static Tensor Rows(Tensor tensor) => tensor.dim() == 2 ? tensor.alias() : tensor.flatten(0, -2);

    /// <summary>
    /// Adds to the gradients of the parameters that are trained and returns the input's, or null where it is not asked
    /// for.
    /// </summary>
    public static Tensor? Backward(Tensor input, Tensor gradient, Parameter weight, Parameter? bias, bool wantsInput)
    {
        // Parameters first: their gradients go before the input's is made.
        using var rows = Rows(gradient);
        if (weight.requires_grad)
        {
            using var read = Rows(input);
            ParameterGradient.Add(weight, OfWeight(read, rows));
        }
        if (bias is { requires_grad: true }) ParameterGradient.Add(bias, OfBias(gradient));
        return wantsInput ? OfInput(gradient, rows, weight) : null;
    }

    /// <summary>Of W (outputs, inputs), for the rows of x and of the output's gradient.</summary>
    private static Tensor OfWeight(Tensor input, Tensor gradient)
    {
        using var turned = gradient.t();
        return turned.mm(input);
    }

    /// <summary>
    /// Of b (outputs): as autograd sums what was repeated, over the dimensions as they lie and not over rows.
    /// </summary>
    public static Tensor OfBias(Tensor gradient)
    {
        var leading = new long[gradient.dim() - 1];
        for (var i = 0; i < leading.Length; i++) leading[i] = i;
        return gradient.sum(leading);
    }

    /// <summary>Of x, in the dimensions of the output's gradient but for the last.</summary>
    /// <param name="gradient">Of the output.</param>
    /// <param name="rows">The same as rows.</param>
    /// <param name="weight">W.</param>
    public static Tensor OfInput(Tensor gradient, Tensor rows, Tensor weight)
    {
        using var own = new TypedWeights(rows, weight);
        var product = rows.mm(own.Weight);
        if (gradient.dim() == 2) return product;
        using (product) return product.view([.. gradient.shape[..^1], weight.size(1)]);
    }
}
