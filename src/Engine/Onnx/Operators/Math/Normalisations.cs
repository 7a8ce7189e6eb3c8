using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>Normalisations.</summary>
internal static class Normalisations
{
    public static readonly Dictionary<string, OnnxOperator> All = new()
    {
        ["BatchNormalization"] = new(BatchNorm, [1, 2], BatchNorm),
        ["InstanceNormalization"] = OnnxOperator.Of(c
            => nn.functional.instance_norm(c[0], null, null, c[1], c[2], true, 0.1, c.Float("epsilon", 1e-5f)), 1, 2),
        ["LayerNormalization"] = new(LayerNorm, [1, 2], LayerNorm),
        ["GroupNormalization"] = OnnxOperator.Of(GroupNorm, 1, 2),
        ["RMSNormalization"] = OnnxOperator.Of(c =>
        {
            var (x, axes) = (c[0], From(c));
            return x * (x.square().mean(axes, true) + c.Float("epsilon", 1e-5f)).rsqrt() * c[1];
        }, 1),
        ["LpNormalization"] = OnnxOperator.Of(c =>
        {
            var (x, axis) = (c[0], OnnxCall.Axis(c.Long("axis", -1), c[0].dim()));
            return c.Long("p", 2) == 1 ? x / x.abs().sum(axis, true) : x / x.square().sum(axis, true).sqrt();
        }),
        ["MeanVarianceNormalization"] = OnnxOperator.Of(c =>
        {
            var (x, axes) = (c[0], c.Longs("axes") ?? [0, 2, 3]);
            var centred = x - x.mean(axes, true);
            return centred / (centred.square().mean(axes, true).sqrt() + 1e-9);
        }),
        ["LRN"] = OnnxOperator
            .Of(c => nn.functional.local_response_norm(c[0], c.Long("size", 1), c.Float("alpha", 1e-4f),
            c.Float("beta", 0.75f), c.Float("bias", 1))),
    };

    private static long[] From(OnnxCall c)
    {
        var axis = OnnxCall.Axis(c.Long("axis", -1), c[0].dim());
        return [.. Enumerable.Range((int)axis, (int)(c[0].dim() - axis)).Select(i => (long)i)];
    }

    private static nn.Module? BatchNorm(OnnxLayer l)
    {
        // A file that was written in training is no other net: the graph has its own modes. Who reads the new statistics means the step itself.
        if (!l.IsWeight(1) || !l.IsWeight(2) || l.Long("training_mode", 0) == 1 && (l.IsRead(1) || l.IsRead(2))) return null;
        // ONNX's momentum is the share that stays, libtorch's that which is replaced. What does not say had no training
        // in mind.
        var momentum = 1 - l.Float("momentum", 0.9f) is > 0 and < 1 and var share ? Math.Round(share, 6) : 0.1;
        var norm = nn.BatchNorm2d(l.Sizes(1)[0], l.Float("epsilon", 1e-5f), momentum);
        (norm.weight, norm.bias) = (l.Parameter(1), l.Parameter(2));
        using var noGrad = no_grad();
        using (var mean = l.Buffer(3)) norm.running_mean!.copy_(mean);
        using (var variance = l.Buffer(4)) norm.running_var!.copy_(variance);
        return norm;
    }

    private static Tensor[] BatchNorm(OnnxCall c)
    {
        var (x, eps) = (c[0], c.Float("epsilon", 1e-5f));
        if (c.Module is TorchSharp.Modules.BatchNorm2d norm)
            return [x.dim() == 4 ? norm.call(x)
                : nn.functional.batch_norm(x, norm.running_mean!, norm.running_var!, norm.weight!, norm.bias!,
                norm.training, norm.momentum ?? 0.1, norm.eps)];
        if (c.Long("training_mode", 0) == 0)
            return [nn.functional.batch_norm(x, c[3], c[4], c[1], c[2], false, 0.1, eps)];
        var over = Enumerable.Range(0, (int)x.dim()).Where(d => d != 1).Select(d => (long)d).ToArray();
        Tensor mean = x.mean(over), variance = (x - x.mean(over, true)).square().mean(over);
        double kept = c.Float("momentum", 0.9f);
        return [nn.functional.batch_norm(x, null!, null!, c[1], c[2], true, 0.1, eps), c[3] * kept + mean * (1 - kept),
            c[4] * kept + variance * (1 - kept)];
    }

    private static nn.Module? LayerNorm(OnnxLayer l)
    {
        if (!l.IsWeight(1) || !l.IsWeight(2) || !l.Sizes(1).SequenceEqual(l.Sizes(2))
            || l.Long("axis", -1) is >= 0 && l.Sizes(1).Length != 1) return null;
        var norm = nn.LayerNorm(l.Sizes(1), l.Float("epsilon", 1e-5f));
        (norm.weight, norm.bias) = (l.Parameter(1), l.Parameter(2));
        return norm;
    }

    private static Tensor[] LayerNorm(OnnxCall c)
    {
        var (x, axes) = (c[0], From(c));
        double eps = c.Float("epsilon", 1e-5f);
        var rest = x.shape[(int)axes[0]..];
        var y = c.Module is TorchSharp.Modules.LayerNorm norm && norm.weight!.shape.SequenceEqual(rest) ? norm.call(x)
            : c.Module is TorchSharp.Modules.LayerNorm other
            ? nn.functional.layer_norm(x, rest, null, null, eps) * other.weight! + other.bias!
            : c[1].shape.SequenceEqual(rest) ? nn.functional.layer_norm(x, rest, c[1], c.Maybe(2), eps)
            : nn.functional.layer_norm(x, rest, null, null, eps) * c[1] is var scaled && c.Has(2) ? scaled + c[2]
            : scaled;
        if (!c.Wants(1) && !c.Wants(2)) return [y];
        var mean = x.mean(axes, true);
        return [y, mean, ((x - mean).square().mean(axes, true) + eps).rsqrt()];
    }

    private static Tensor GroupNorm(OnnxCall c)
    {
        var (x, groups) = (c[0], c.Long("num_groups", 1));
        if (c.Opset >= 21) return nn.functional.group_norm(x, groups, c[1], c[2], c.Float("epsilon", 1e-5f));
        var each = x.shape[1] / groups;
        return nn.functional.group_norm(x, groups, c[1].repeat_interleave(each), c[2].repeat_interleave(each),
            c.Float("epsilon", 1e-5f));
    }
}
