namespace Interactive.Onnx;

using Write = Func<ExportCall, string[]>;

/// <summary>Arithmetic and activations, number by number.</summary>
internal static class MathExports
{
    public static readonly Dictionary<string, Write> All = new()
    {
        ["add"] = c => [Sum(c, "Add")],
        ["sub"] = c => [Sum(c, "Sub")],
        ["rsub"] = c => [c.Emit("Sub", [c.Operand(1, 0), c[0]])],
        ["mul"] = c => [Pair(c, "Mul")],
        ["div"] = c => [c.Count > 2 && !c.IsNone(2) ? Rounded(c, c.Text(2)) : Pair(c, "Div")],
        ["floor_divide"] = c => [Rounded(c, "floor")],
        ["pow"] = c => [c.IsTensor(0) ? c.Emit("Pow", [c[0], c.Operand(1, 0)])
            : c.Emit("Pow", [c.File.Number(c.Number(0), c.TypeOf(1)), c[1]])],
        ["square"] = c => [c.Emit("Mul", [c[0], c[0]])],
        ["neg"] = One("Neg"),
        ["abs"] = One("Abs"),
        ["sqrt"] = One("Sqrt"),
        ["rsqrt"] = c => [c.Emit("Reciprocal", [c.Emit("Sqrt", [c[0]])])],
        ["reciprocal"] = One("Reciprocal"),
        ["exp"] = One("Exp"),
        ["exp2"] = c => [c.Emit("Pow", [N(c, 2), c[0]])],
        ["expm1"] = c => [c.Emit("Sub", [c.Emit("Exp", [c[0]]), N(c, 1)])],
        ["log"] = One("Log"),
        ["log1p"] = c => [c.Emit("Log", [c.Emit("Add", [c[0], N(c, 1)])])],
        ["log2"] = c => [c.Emit("Div", [c.Emit("Log", [c[0]]), N(c, Math.Log(2))])],
        ["log10"] = c => [c.Emit("Div", [c.Emit("Log", [c[0]]), N(c, Math.Log(10))])],
        ["tan"] = One("Tan"),
        ["asin"] = One("Asin"),
        ["acos"] = One("Acos"),
        ["atan"] = One("Atan"),
        ["sinh"] = One("Sinh"),
        ["cosh"] = One("Cosh"),
        ["asinh"] = One("Asinh"),
        ["acosh"] = One("Acosh"),
        ["atanh"] = One("Atanh"),
        ["sin"] = One("Sin"),
        ["cos"] = One("Cos"),
        ["erf"] = One("Erf"),
        ["erfc"] = c => [c.Emit("Sub", [N(c, 1), c.Emit("Erf", [c[0]])])],
        ["det"] = One("Det"),
        ["linalg_det"] = One("Det"),
        ["floor"] = One("Floor"),
        ["ceil"] = One("Ceil"),
        ["round"] = c => [c.Count > 1 && c.Long(1) != 0 ? throw c.Cannot($"rounds to {c.Long(1)} decimals") : c.Emit("Round", [c[0]])],
        ["trunc"] = c => [Truncated(c, c[0])],
        ["frac"] = c => [c.Emit("Sub", [c[0], Truncated(c, c[0])])],
        ["sign"] = One("Sign"),
        ["einsum"] = c => [c.Emit("Einsum", c.Names(1), ("equation", c.Text(0)))],
        ["lerp"] = c => [c.Emit("Add", [c[0], c.Emit("Mul", [c.Emit("Sub", [c[1], c[0]]), c.Operand(2, 0)])])],
        ["addcmul"] = c => [c.Emit("Add", [c[0], c.Emit("Mul", [c.Emit("Mul", [c[1], c[2]]), N(c, c.Number(3))])])],
        ["addcdiv"] = c => [c.Emit("Add", [c[0], c.Emit("Mul", [c.Emit("Div", [c[1], c[2]]), N(c, c.Number(3))])])],
        ["hypot"] = c => [c.Emit("Sqrt", [c.Emit("Add", [c.Emit("Mul", [c[0], c[0]]), c.Emit("Mul", [c[1], c[1]])])])],
        ["logaddexp"] = c => [c.Emit("Add", [c.Emit("Max", [c[0], c[1]]), c.Emit("Log", [c.Emit("Add",
            [c.Emit("Exp", [c.Emit("Neg", [c.Emit("Abs", [c.Emit("Sub", [c[0], c[1]])])])]), N(c, 1)])])])],
        ["cosine_similarity"] = c => [Cosine(c)],
        ["maximum"] = c => [c.Emit("Max", [c[0], c[1]])],
        ["minimum"] = c => [c.Emit("Min", [c[0], c[1]])],
        ["remainder"] = c => [Remainder(c)],
        ["fmod"] = c => [c.Emit("Mod", [c[0], c.Operand(1, 0)], ("fmod", 1L))],
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
        ["clamp"] = c => [Clip(c, c.IsNone(1) ? null : c.Number(1), c.IsNone(2) ? null : c.Number(2))],
        ["clamp_min"] = c => [Clip(c, c.Number(1), null)],
        ["clamp_max"] = c => [Clip(c, null, c.Number(1))],
        ["leaky_relu"] = c => [c.Emit("LeakyRelu", [c[0]], ("alpha", (float)c.Number(1)))],
        ["elu"] = c => [c.Emit("Elu", [c[0]], ("alpha", (float)c.Number(1)))],
        ["celu"] = c => [c.Emit("Celu", [c[0]], ("alpha", (float)c.Number(1)))],
        ["prelu"] = c => [c.Emit("PRelu", [c[0], AlongChannels(c, 1)])],
        ["_prelu_kernel"] = c => [c.Emit("PRelu", [c[0], c[1]])],
        ["rrelu"] = c => [c.Flag(3) ? throw c.Cannot("draws its slopes at random")
            : c.Emit("LeakyRelu", [c[0]], ("alpha", (float)((c.Number(1) + c.Number(2)) / 2)))],
        ["softplus"] = c => [Softplus(c)],
        ["log_sigmoid"] = c => [c.Emit("Neg", [c.Emit("Softplus", [c.Emit("Neg", [c[0]])])])],
        ["softshrink"] = c => [c.Emit("Shrink", [c[0]], ("lambd", (float)c.Number(1)), ("bias", (float)c.Number(1)))],
        ["hardshrink"] = c => [c.Emit("Shrink", [c[0]], ("lambd", (float)c.Number(1)), ("bias", 0f))],
        ["threshold"] = c => [c.Emit("Where", [c.Emit("Greater", [c[0], N(c, c.Number(1))]), c[0], N(c, c.Number(2))])],
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
        ["logical_not"] = One("Not"),
        ["logical_and"] = c => [c.Emit("And", [c[0], c[1]])],
        ["logical_or"] = c => [c.Emit("Or", [c[0], c[1]])],
        ["isnan"] = One("IsNaN"),
        ["where"] = c => [c.Emit("Where", [c[0], c[1], c[2]])],
        ["masked_fill"] = c => [c.Emit("Where", [c[1], c.Operand(2, 0), c[0]])],
        ["cumsum"] = c => [c.Emit("CumSum", [c[0], c.File.Whole(c.Long(1))])],
    };

    // (x, y, dimension, epsilon): each vector is divided by its length, which is at least epsilon
    private static string Cosine(ExportCall c)
    {
        var axes = c.List(c.Long(2));
        string Unit(string x) => c.Emit("Div", [x, c.Emit("Max", [c.Emit("ReduceL2", [x, axes], ("keepdims", 1L)), N(c, c.Number(3))])]);
        return c.Emit("ReduceSum", [c.Emit("Mul", [Unit(c[0]), Unit(c[1])]), axes], ("keepdims", 0L));
    }

    private static string Truncated(ExportCall c, string x) => c.Emit("Mul", [c.Emit("Sign", [x]), c.Emit("Floor", [c.Emit("Abs", [x])])]);

    private static string Rounded(ExportCall c, string mode)
    {
        if (!OnnxTypes.IsFloat(c.ResultType())) throw c.Cannot($"rounds whole numbers ({mode})");
        var quotient = Pair(c, "Div");
        return mode == "floor" ? c.Emit("Floor", [quotient]) : Truncated(c, quotient);
    }

    // From a certain size on libtorch takes the number itself, which below its default of 20 tells the two apart.
    private static string Softplus(ExportCall c)
    {
        const double Same = 20;
        var beta = c.Number(1);
        var x = beta == 1 ? c[0] : c.Emit("Mul", [c[0], N(c, beta)]);
        var soft = c.Emit("Softplus", [x]);
        if (beta != 1) soft = c.Emit("Div", [soft, N(c, beta)]);
        return c.Number(2) >= Same ? soft : c.Emit("Where", [c.Emit("Greater", [x, N(c, c.Number(2))]), c[0], soft]);
    }

    // One number for each channel, where ONNX would lay them along the last dimension.
    private static string AlongChannels(ExportCall c, int i)
    {
        var (rank, sizes) = (c.Rank(0), c.SizesOf(i));
        return rank < 3 || sizes.Length != 1 || sizes[0].Fixed == 1 ? c[i]
            : c.Emit("Reshape", [c[i], c.List([sizes[0].Fixed, .. Enumerable.Repeat(1L, rank - 2)])]);
    }

    private static Write One(string name) => c => [c.Emit(name, [c[0]])];

    private static string N(ExportCall c, double number) => c.File.Number(number, c.TypeOf(0));

    private static string Pair(ExportCall c, string name)
        => c.IsTensor(0) ? c.Emit(name, [As(c, 0, c.ResultType()), c.IsTensor(1) ? As(c, 1, c.ResultType()) : c.File.Number(c.Number(1), c.ResultType())])
            : c.Emit(name, [c.Operand(0, 1), c[1]]);

    // libtorch computes with numbers of two types in one that holds both, ONNX not at all.
    private static string As(ExportCall c, int i, int type) => c.TypeOf(i) == type ? c[i] : c.Emit("Cast", [c[i]], ("to", (long)type));

    private static string Sum(ExportCall c, string name)
    {
        var type = c.ResultType();
        var other = c.IsTensor(1) ? As(c, 1, type) : c.File.Number(c.Number(1), type);
        if (c.Count > 2 && !c.IsNone(2) && c.Number(2) is not 1 and var scale)
        {
            if (scale == -1) name = name == "Add" ? "Sub" : "Add";
            else other = c.Emit("Mul", [other, c.File.Number(scale, type)]);
        }
        return c.Emit(name, [As(c, 0, type), other]);
    }

    private static string Glu(ExportCall c)
    {
        var halves = c.File.Emit("Split", [c[0]], 2, ("axis", c.Long(1)), ("num_outputs", 2L));
        return c.Emit("Mul", [halves[0], c.Emit("Sigmoid", [halves[1]])]);
    }

    // Whole numbers as Python divides them; ONNX does so for whole numbers alone.
    private static string Remainder(ExportCall c)
    {
        var by = c.Operand(1, 0);
        return OnnxTypes.IsFloat(c.TypeOf(0))
            ? c.Emit("Sub", [c[0], c.Emit("Mul", [c.Emit("Floor", [c.Emit("Div", [c[0], by])]), by])])
            : c.Emit("Mod", [c[0], by]);
    }

    private static string Clip(ExportCall c, double? least, double? most)
        => c.Emit("Clip",
        [c[0], least is { } from && !double.IsNegativeInfinity(from) ? N(c, from) : "",
        most is { } to && !double.IsPositiveInfinity(to) ? N(c, to) : ""]);

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
        return [c.Emit(name, [As(c, 0, type), c.IsTensor(1) ? As(c, 1, type) : c.File.Number(c.Number(1), type)])];
    };
}
