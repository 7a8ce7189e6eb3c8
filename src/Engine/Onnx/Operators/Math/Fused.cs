using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>What rewriting made of several operators, and what ONNX Runtime has of its own.</summary>
internal static class Fused
{
    /// <summary>The domain of operators that rewriting makes.</summary>
    public const string Domain = "interactive";

    public static readonly Dictionary<string, OnnxOperator> All = new()
    {
        [$"{Domain}.Linear"] = new(c => [((nn.Module<Tensor, Tensor>)c.Module!).call(c[0])], [1, 2],
            l => Products.Linear(l, turned: l.Long("transB", 0) == 0)),
        [$"{Domain}.Gelu"] = OnnxOperator.Of(c => Activations.Gelu(c[0], c.Long("tanh", 0) == 1)),
        [$"{Domain}.Silu"] = OnnxOperator.Of(c => nn.functional.silu(c[0])),
        [$"{Domain}.GroupNorm"] = new(c => [GroupNorm(c)], [1, 2], GroupNorm),
        [$"{Domain}.Attention"] = OnnxOperator.Of(Attention),
        ["com.microsoft.Gelu"] = OnnxOperator.Of(c => Activations.Gelu(c[0], tanh: false)),
        ["com.microsoft.FastGelu"] = OnnxOperator.Of(c => Activations.Gelu(c.Has(1) ? c[0] + c[1] : c[0], tanh: true),
            1),
    };

    // Queries, keys as they are multiplied (turned), values, perhaps a mask that is added, perhaps a divisor.
    private static Tensor Attention(OnnxCall c)
    {
        var (q, k, v) = (c[0], c[1].transpose(-1, -2), c[2]);
        // A dimension that is counted from the front is the last one of four, and another of five.
        if (OnnxCall.Axis(c.Long("axis", -1), q.dim()) != q.dim() - 1)
        {
            var scores = q.matmul(c[1]) * (c.Float("scale", 1) / (c.Has(4) ? c.Number(4) : 1));
            return Activations.Softmax(c, c.Has(3) ? scores + c[3] : scores).matmul(v);
        }
        // libtorch divides by the root of the size
        var scale = c.Float("scale", 1) / (c.Has(4) ? c.Number(4) : 1) * Math.Sqrt(q.shape[^1]);
        if (Math.Abs(scale - 1) > 1e-5) q = q * scale;
        return nn.functional.scaled_dot_product_attention(q, k, v, c.Maybe(3));
    }

    private static TorchSharp.Modules.GroupNorm GroupNorm(OnnxLayer l)
    {
        (string, Func<Tensor, Tensor>)? flat = l.Sizes(1).Length > 1 ? ("flat", w => w.reshape(-1)) : null;
        var norm = nn.GroupNorm(l.Long("num_groups", 1), l.Sizes(1)[0], l.Float("epsilon", 1e-5f));
        (norm.weight, norm.bias) = (l.Parameter(1, flat), l.Parameter(2, flat));
        return norm;
    }

    // The last input is the shape that the file gives back to the image after its groups.
    private static Tensor GroupNorm(OnnxCall c)
    {
        var (x, given) = (c[0], c.Longs(3));
        if (given.Length != x.dim() || given.Where((s, d) => s > 0 && d > 0 && s != x.shape[d]).Any()) throw new InvalidDataException($"its groups of {string.Join('x', x.shape)} become {string.Join('x', given)}");
        return ((nn.Module<Tensor, Tensor>)c.Module!).call(x);
    }
}
