namespace Interactive.Onnx;

using Write = Func<ExportCall, string[]>;

/// <summary>Arithmetic and activations, number by number.</summary>
internal static class MathExports
{
    public static readonly Dictionary<string, Write> All = new()
    {
        ["add"] = c => [Sum(c, "Add")],
        ["sub"] = c => [Sum(c, "Sub")],
        ["rsub"] = c => [c.Emit("Sub", [c.As(1), Weighed(c, c.As(0), 2)])],
        ["mul"] = c => [Pair(c, "Mul")],
        ["div"] = c => [c.IsNone(2) ? Pair(c, "Div") : Rounded(c, c.Text(2))],
        ["floor_divide"] = c => [Rounded(c, "floor")],
        ["pow"] = c => [c.Emit("Pow", [c.As(0), c.As(1)])],
        ["square"] = c => [c.Emit("Mul", [c[0], c[0]])],
        ["neg"] = One("Neg"),
        ["abs"] = One("Abs"),
        ["sqrt"] = One("Sqrt"),
        ["rsqrt"] = c => [c.Emit("Reciprocal", [c.Emit("Sqrt", [c[0]])])],
        ["reciprocal"] = One("Reciprocal"),
        ["exp"] = One("Exp"),
        ["log"] = One("Log"),
        ["sin"] = One("Sin"),
        ["cos"] = One("Cos"),
        ["erf"] = One("Erf"),
        ["det"] = One("Det"),
        ["linalg_det"] = One("Det"),
        ["floor"] = One("Floor"),
        ["ceil"] = One("Ceil"),
        ["round"] = c => [Rounds(c, c.IsNone(1) ? 0 : c.Long(1))],
        ["sign"] = One("Sign"),
        ["einsum"] = c => [c.Emit("Einsum", c.Names(1), ("equation", c.Text(0)))],
        ["maximum"] = c => [c.Emit("Max", [c.As(0), c.As(1)])],
        ["minimum"] = c => [c.Emit("Min", [c.As(0), c.As(1)])],
        ["remainder"] = c => [Remainder(c)],
        ["fmod"] = c => [c.Emit("Mod", [c.As(0), c.As(1)], ("fmod", 1L))],
        ["relu"] = One("Relu"),
        ["sigmoid"] = One("Sigmoid"),
        ["tanh"] = One("Tanh"),
        ["silu"] = c => [c.Emit("Mul", [c[0], c.Emit("Sigmoid", [c[0]])])],
        ["selu"] = One("Selu"),
        ["glu"] = c => [Glu(c)],
        ["mish"] = One("Mish"),
        ["hardswish"] = One("HardSwish"),
        ["hardsigmoid"] = c => [c.Emit("HardSigmoid", [c[0]], ("alpha", 1f / 6), ("beta", 0.5f))],
        ["relu6"] = c => [Clip(c, 0, 6)],
        ["hardtanh"] = c => [Clip(c, c.Number(1), c.Number(2))],
        ["clamp"] = c => [c.IsTensor(1) || c.IsTensor(2)
            ? (c.IsNone(1) ? c.As(0) : c.Emit("Max", [c.As(0), c.As(1)])) is var least && c.IsNone(2) ? least : c.Emit("Min", [least, c.As(2)])
            : Clip(c, c.IsNone(1) ? null : c.Number(1), c.IsNone(2) ? null : c.Number(2))],
        ["clamp_min"] = c => [Clip(c, c.Number(1), null)],
        ["clamp_max"] = c => [Clip(c, null, c.Number(1))],
        ["leaky_relu"] = c => [c.Emit("LeakyRelu", [c[0]], ("alpha", (float)c.Number(1)))],
        ["elu"] = c => [c.Emit("Elu", [c[0]], ("alpha", (float)c.Number(1)))],
        ["celu"] = c => [c.Emit("Celu", [c[0]], ("alpha", (float)c.Number(1)))],
        ["prelu"] = c => [c.Emit("PRelu", [c[0], AlongChannels(c, 1)])],
        ["softplus"] = c => [Softplus(c, c.Number(1), c.Number(2))],
        ["gelu"] = c => [c.Text(1) == "tanh" ? TanhGelu(c)
            : c.Emit("Mul",
            [c.Emit("Mul",
            [c[0], c.Emit("Add", [c.Emit("Erf", [c.Emit("Div", [c[0], N(c, Math.Sqrt(2))])]), N(c, 1)])]), N(c, 0.5)])],
        ["softmax"] = c => [c.Emit("Softmax", [c[0]], ("axis", c.Long(1) == c.Rank(0) - 1 ? -1L : c.Long(1)))],
        ["special_softmax"] = c => [c.Emit("Softmax", [c[0]], ("axis", c.Long(1) == c.Rank(0) - 1 ? -1L : c.Long(1)))],
        ["special_log_softmax"] = c => [c.Emit("LogSoftmax", [c[0]], ("axis", c.Long(1)))],
        ["log_softmax"] = c => [c.Emit("LogSoftmax", [c[0]], ("axis", c.Long(1)))],
        ["eq"] = Compare("Equal"),
        ["ne"] = c => [c.Emit("Not", [Compare("Equal")(c)[0]])],
        ["lt"] = Compare("Less"),
        ["le"] = Compare("LessOrEqual"),
        ["gt"] = Compare("Greater"),
        ["ge"] = Compare("GreaterOrEqual"),
        ["where"] = c => [c.Emit("Where", [c[0], c.As(1), c.As(2)])],
        ["masked_fill"] = c => [c.Emit("Where", [c[1], c.As(2), c[0]])],
        ["cumsum"] = c => [c.Emit("CumSum", [c.As(0), c.File.Whole(c.Long(1))])],
    };

    // One number for each channel, where ONNX would lay them along the last dimension.
    private static string AlongChannels(ExportCall c, int i)
    {
        var (rank, sizes) = (c.Rank(0), c.SizesOf(i));
        return rank < 3 || sizes.Length != 1 || sizes[0].Fixed == 1 ? c[i]
            : c.Emit("Reshape", [c[i], c.List([sizes[0].Fixed, .. Enumerable.Repeat(1L, rank - 2)])]);
    }

    private static Write One(string name) => c => [c.Emit(name, [c.As(0)])];

    private static string N(ExportCall c, double number) => c.File.Number(number, c.TypeOf(0));

    private static string Pair(ExportCall c, string name) => c.Emit(name, [c.As(0), c.As(1)]);

    private static string Sum(ExportCall c, string name)
    {
        if (c.Count > 2 && !c.IsNone(2) && c.Number(2) == -1) return c.Emit(name == "Add" ? "Sub" : "Add", [c.As(0), c.As(1)]);
        return c.Emit(name, [c.As(0), Weighed(c, c.As(1), 2)]);
    }

    // Times a number among the arguments, which most often is 1.
    private static string Weighed(ExportCall c, string value, int by)
        => c.IsNone(by) || c.Number(by) == 1 ? value : c.Emit("Mul", [value, c.File.Number(c.Number(by), c.ResultType())]);

    // ONNX divides whole numbers towards 0.
    private static string Rounded(ExportCall c, string way)
    {
        var (type, a, b) = (c.ResultType(), c.As(0), c.As(1));
        if (!OnnxTypes.IsFloat(type)) return c.Emit("Div", [way == "floor" ? c.Emit("Sub", [a, c.Emit("Mod", [a, b])]) : a, b]);
        return way == "floor" ? Floored(c, a, b) : FunctionExports.Truncated(c, c.Emit("Div", [a, b]));
    }

    // As libtorch does it: what is left is taken away first, so that 1 // 0.1 is 9, where the quotient rounds to 10.
    private static string Floored(ExportCall c, string a, string b)
    {
        var (rest, less) = Left(c, a, b);
        var whole = c.Emit("Round", [c.Emit("Div", [c.Emit("Sub", [a, rest]), b])]);
        var one = c.File.Number(1, c.ResultType());
        return c.Emit("Where", [c.Emit("Equal", [b, c.File.Number(0, c.ResultType())]), c.Emit("Div", [a, b]),
            c.Emit("Where", [less, c.Emit("Sub", [whole, one]), whole])]);
    }

    private static string Rounds(ExportCall c, long digits)
    {
        if (digits == 0) return c.Emit("Round", [c[0]]);
        var scale = N(c, Math.Pow(10, Math.Abs(digits)));
        var (there, back) = digits > 0 ? ("Mul", "Div") : ("Div", "Mul");
        return c.Emit(back, [c.Emit("Round", [c.Emit(there, [c[0], scale])]), scale]);
    }

    // Beyond the threshold libtorch takes the number itself; ONNX's is that but for rounding from 20 on.
    private static string Softplus(ExportCall c, double beta, double threshold)
    {
        var scaled = beta == 1 ? c[0] : c.Emit("Mul", [c[0], N(c, beta)]);
        var y = c.Emit("Softplus", [scaled]);
        if (beta != 1) y = c.Emit("Div", [y, N(c, beta)]);
        return threshold >= 20 ? y : c.Emit("Where", [c.Emit("Greater", [scaled, N(c, threshold)]), c[0], y]);
    }

    private static string Glu(ExportCall c)
    {
        var halves = c.File.Emit("Split", [c[0]], 2, ("axis", c.Long(1)), ("num_outputs", 2L));
        return c.Emit("Mul", [halves[0], c.Emit("Sigmoid", [halves[1]])]);
    }

    // As libtorch does it; ONNX has Python's remainder for whole numbers alone, and x - floor(x / y) * y has other bits.
    private static string Remainder(ExportCall c)
    {
        var (x, by) = (c.As(0), c.As(1));
        if (!OnnxTypes.IsFloat(c.ResultType())) return c.Emit("Mod", [x, by]);
        var (rest, less) = Left(c, x, by);
        return c.Emit("Where", [less, c.Emit("Add", [rest, by]), rest]);
    }

    // The exact remainder of C, which has the sign of x, and where Python's is another: both signs differ and something is left.
    private static (string Left, string Less) Left(ExportCall c, string x, string by)
    {
        var (rest, none) = (c.Emit("Mod", [x, by], ("fmod", 1L)), c.File.Number(0, c.ResultType()));
        var unlike = c.Emit("Xor", [c.Emit("Less", [rest, none]), c.Emit("Less", [by, none])]);
        return (rest, c.Emit("And", [unlike, c.Emit("Not", [c.Emit("Equal", [rest, none])])]));
    }

    private static string Clip(ExportCall c, double? least, double? most)
        => c.Emit("Clip",
        [c.As(0), least is { } from && !double.IsNegativeInfinity(from) ? c.File.Number(from, c.ResultType()) : "",
        most is { } to && !double.IsPositiveInfinity(to) ? c.File.Number(to, c.ResultType()) : ""]);

    private static string TanhGelu(ExportCall c)
    {
        var cube = c.Emit("Mul", [c.Emit("Pow", [c[0], N(c, 3)]), N(c, 0.044715)]);
        var inner = c.Emit("Mul", [c.Emit("Add", [c[0], cube]), N(c, Math.Sqrt(2 / Math.PI))]);
        return c.Emit("Mul", [c.Emit("Mul", [c[0], N(c, 0.5)]), c.Emit("Add", [c.Emit("Tanh", [inner]), N(c, 1)])]);
    }

    private static Write Compare(string name) => c =>
    {
        var type = c.IsTensor(1) && OnnxTypes.IsFloat(c.TypeOf(1)) ? c.TypeOf(1) : c.TypeOf(0);
        if (!c.IsTensor(1) && !OnnxTypes.IsFloat(type) && c.Number(1) % 1 != 0) type = OnnxTypes.Float;
        return [c.Emit(name, [c.As(0, type), c.As(1, type)])];
    };
}
