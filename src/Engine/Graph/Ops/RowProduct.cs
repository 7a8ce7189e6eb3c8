using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// The gradients of x W^T + b over the last dimension, by the calls that autograd makes: libtorch lays the leading dimensions
/// in one and multiplies matrices.
/// </summary>
internal static class RowProduct
{
    /// <summary>True for an input whose rows lie one behind the other; libtorch may multiply others sample by sample.</summary>
    public static bool Takes(Tensor input) => input.is_contiguous();

    /// <summary>All dimensions but the last laid in one.</summary>
    public static Tensor Rows(Tensor tensor) => tensor.dim() == 2 ? tensor.alias() : tensor.flatten(0, -2);

    /// <summary>Of W: (outputs, inputs).</summary>
    public static Tensor OfWeight(Tensor input, Tensor gradient)
    {
        using Tensor rows = Rows(gradient), read = Rows(input), turned = rows.t();
        return turned.mm(read);
    }

    /// <summary>Of b: (outputs).</summary>
    public static Tensor OfBias(Tensor gradient)
    {
        using var rows = Rows(gradient);
        return rows.sum([0]);
    }

    /// <summary>Of x, in the gradient's dimensions but for the last.</summary>
    public static Tensor OfInput(Tensor gradient, Tensor weight)
    {
        if (gradient.dim() == 2) return gradient.mm(weight);
        using var rows = Rows(gradient);
        using var product = rows.mm(weight);
        return product.view([.. gradient.shape[..^1], weight.shape[1]]);
    }
}
