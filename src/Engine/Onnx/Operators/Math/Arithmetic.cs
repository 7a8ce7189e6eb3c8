using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>Number by number.</summary>
internal static class Arithmetic
{
    public static readonly Dictionary<string, OnnxOperator> All = new()
    {
        ["Add"] = OnnxOperator.Of(c => c.Beside(0, c[1]) + c.Beside(1, c[0]), 0, 1),
        ["Sub"] = OnnxOperator.Of(c => c[0] - c[1], 0),
        ["Mul"] = OnnxOperator.Of(c => c.Beside(0, c[1]) * c.Beside(1, c[0]), 0, 1),
        ["Div"] = OnnxOperator.Of(c => c[0].is_floating_point() ? c[0] / c[1] : c[0].div(c[1], RoundingMode.trunc)),
        ["Pow"] = OnnxOperator.Of(Power),
        ["Mod"] = OnnxOperator.Of(c => c.Long("fmod", 0) == 1 ? c[0].fmod(c[1]) : c[0].remainder(c[1])),
        ["Neg"] = OnnxOperator.Of(c => c[0].neg()),
        ["Abs"] = OnnxOperator.Of(c => c[0].abs()),
        ["Sqrt"] = OnnxOperator.Of(c => c[0].sqrt()),
        ["Exp"] = OnnxOperator.Of(c => c[0].exp()),
        ["Log"] = OnnxOperator.Of(c => c[0].log()),
        ["Reciprocal"] = OnnxOperator.Of(c => c[0].reciprocal()),
        ["Floor"] = OnnxOperator.Of(c => c[0].floor()),
        ["Ceil"] = OnnxOperator.Of(c => c[0].ceil()),
        ["Round"] = OnnxOperator.Of(c => c[0].round()),
        ["Sign"] = OnnxOperator.Of(c => c[0].sign()),
        ["Erf"] = OnnxOperator.Of(c => c[0].erf()),
        ["Sin"] = OnnxOperator.Of(c => c[0].sin()),
        ["Cos"] = OnnxOperator.Of(c => c[0].cos()),
        ["Tan"] = OnnxOperator.Of(c => c[0].tan()),
        ["Asin"] = OnnxOperator.Of(c => c[0].asin()),
        ["Acos"] = OnnxOperator.Of(c => c[0].acos()),
        ["Atan"] = OnnxOperator.Of(c => c[0].atan()),
        ["Sinh"] = OnnxOperator.Of(c => c[0].sinh()),
        ["Cosh"] = OnnxOperator.Of(c => c[0].cosh()),
        ["Asinh"] = OnnxOperator.Of(c => c[0].asinh()),
        ["Acosh"] = OnnxOperator.Of(c => c[0].acosh()),
        ["Atanh"] = OnnxOperator.Of(c => c[0].atanh()),
        ["Min"] = OnnxOperator.Of(c => c.All().Aggregate(minimum)),
        ["Max"] = OnnxOperator.Of(c => c.All().Aggregate(maximum)),
        ["Sum"] = OnnxOperator.Of(c => c.All().Aggregate((a, b) => a + b)),
        ["Mean"] = OnnxOperator.Of(c => c.All().Aggregate((a, b) => a + b) / c.Inputs),
        ["Clip"] = OnnxOperator.Of(Clip),
        ["Equal"] = OnnxOperator.Of(c => c[0].eq(c[1])),
        ["Less"] = OnnxOperator.Of(c => c[0].lt(c[1])),
        ["LessOrEqual"] = OnnxOperator.Of(c => c[0].le(c[1])),
        ["Greater"] = OnnxOperator.Of(c => c[0].gt(c[1])),
        ["GreaterOrEqual"] = OnnxOperator.Of(c => c[0].ge(c[1])),
        ["And"] = OnnxOperator.Of(c => c[0].logical_and(c[1])),
        ["Or"] = OnnxOperator.Of(c => c[0].logical_or(c[1])),
        ["Xor"] = OnnxOperator.Of(c => c[0].logical_xor(c[1])),
        ["Not"] = OnnxOperator.Of(c => c[0].logical_not()),
        ["IsNaN"] = OnnxOperator.Of(c => c[0].isnan()),
        ["IsInf"] = OnnxOperator.Of(c => (c.Long("detect_positive", 1), c.Long("detect_negative", 1)) switch
        {
            (1, 1) => c[0].isinf(),
            (1, _) => c[0].isposinf(),
            _ => c[0].isneginf(),
        }),
        ["Where"] = OnnxOperator.Of(c => where(c[0], c.Beside(1, c[0]), c.Beside(2, c[0]))),
        ["Cast"] = OnnxOperator.Of(c => c[0].to_type(OnnxTypes.ToTorch((int)c.Long("to", 1)))),
        ["CastLike"] = OnnxOperator.Of(c => c[0].to_type(c[1].dtype)),
        // an export of ours keeps those after which numbers lie one after the other
        ["Identity"] = OnnxOperator.Of(c => c.IsKnown(0) ? c[0] : c[0].contiguous(), 0),
        ["CumSum"] = OnnxOperator.Of(CumSum),
    };

    // A small whole power is spelled as libtorch's own, of a number; others may be fractions.
    private static Tensor Power(OnnxCall c)
        => c.IsKnown(1) && !c.IsKnown(0) && c[1].numel() == 1 ? c[0].pow((Scalar)c.Number(1))
        : c[0].pow(c[1]).to_type(c[0].dtype);

    private static Tensor Clip(OnnxCall c)
    {
        if (c.Opset < 11)
            return c[0].clamp((Scalar)c.Float("min", float.MinValue), (Scalar)c.Float("max", float.MaxValue));
        var x = c[0];
        if (!x.is_floating_point())
        {
            if (c.Has(1)) x = maximum(x, c[1]);
            return c.Has(2) ? minimum(x, c[2]) : c.Has(1) ? x : x.alias();
        }
        double? least = c.Has(1) ? c.Number(1) : null, most = c.Has(2) ? c.Number(2) : null;
        if (least == 0 && most == 6) return nn.functional.relu6(x);
        return (least, most) switch
        {
            ({ } from, { } to) => x.clamp((Scalar)from, (Scalar)to),
            ({ } from, null) => x.clamp_min((Scalar)from),
            (null, { } to) => x.clamp_max((Scalar)to),
            _ => x.alias(),
        };
    }

    private static Tensor CumSum(OnnxCall c)
    {
        var axis = OnnxCall.Axis(c.Longs(1)[0], c[0].dim());
        var x = c.Long("reverse", 0) == 1 ? c[0].flip(axis) : c[0];
        var sum = x.cumsum(axis, x.dtype);
        if (c.Long("exclusive", 0) == 1) sum = sum - x;
        return c.Long("reverse", 0) == 1 ? sum.flip(axis) : sum;
    }
}
