using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>Matrix products and determinants.</summary>
internal static class Products
{
    public static readonly Dictionary<string, OnnxOperator> All = new()
    {
        ["MatMul"] = OnnxOperator.Of(c => c[0].matmul(c[1]), 0, 1),
        ["Gemm"] = new(c => [Gemm(c)], [0, 1, 2], Layer),
        ["Det"] = OnnxOperator.Of(c => linalg.det(c[0])),
        ["Einsum"] = OnnxOperator.Of(c => einsum(c.Text("equation", ""), c.All()), 1),
    };

    /// <summary>A linear layer's weight lies as libtorch has it: outputs x inputs.</summary>
    public static readonly (string, Func<Tensor, Tensor>) Turned = ("turned", w => w.t());

    private static nn.Module? Layer(OnnxLayer l)
    {
        if (l.Float("alpha", 1) != 1 || l.Float("beta", 1) != 1 || l.Long("transA", 0) == 1 || !l.IsWeight(1)
            || l.IsWeight(0) || l.Sizes(1).Length != 2) return null;
        return Linear(l, turned: l.Long("transB", 0) == 0);
    }

    /// <summary>A linear layer of a weight and, where there is one, a bias.</summary>
    public static nn.Module? Linear(OnnxLayer l, bool turned)
    {
        var (sizes, bias) = (l.Sizes(1), !l.Lacks(2));
        var outputs = turned ? sizes[1] : sizes[0];
        if (bias && (!l.IsWeight(2) || l.Sizes(2) is not [var b] || b != outputs)) return null;
        var linear = nn.Linear(turned ? sizes[0] : sizes[1], outputs, bias, device: META);
        linear.weight = l.Parameter(1, turned ? Turned : null);
        if (bias) linear.bias = l.Parameter(2);
        return linear;
    }

    private static Tensor Gemm(OnnxCall c)
    {
        if (c.Module is nn.Module<Tensor, Tensor> linear) return linear.call(c[0]);
        // as libtorch's linear runs it
        if (c.Has(2) && c.Float("alpha", 1) == 1 && c.Float("beta", 1) == 1 && c.Long("transA", 0) == 0
            && c.Long("transB", 0) == 0) return addmm(c[2], c[0], c[1], 1, 1);
        var product = (c.Long("transA", 0) == 1 ? c[0].t() : c[0]).matmul(c.Long("transB", 0) == 1 ? c[1].t() : c[1]);
        if (c.Float("alpha", 1) is not 1 and var alpha) product = product * alpha;
        if (!c.Has(2)) return product;
        return product + (c.Float("beta", 1) is not 1 and var beta ? c[2] * beta : c[2]);
    }
}
