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
        ["div"] = c => [c.Count > 2 && !c.IsNone(2) ? throw c.Cannot($"rounds ({c.Text(2)})") : Pair(c, "Div")],
        ["pow"] = c => [c.IsTensor(0) ? c.Emit("Pow", [c[0], c.Operand(1, 0)])
            : c.Emit("Pow", [c.File.Number(c.Number(0), c.TypeOf(1)), c[1]])],
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
        ["round"] = One("Round"),
        ["sign"] = One("Sign"),
        ["einsum"] = c => [c.Emit("Einsum", c.Names(1), ("equation", c.Text(0)))],
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
        ["prelu"] = c => [c.Emit("PRelu", [c[0], c[1]])],
        ["softplus"] = c => [c.Number(1) == 1 ? c.Emit("Softplus", [c[0]])
            : c.Emit("Div", [c.Emit("Softplus", [c.Emit("Mul", [c[0], c.Operand(1, 0)])]), c.Operand(1, 0)])],
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
        ["where"] = c => [c.Emit("Where", [c[0], c[1], c[2]])],
        ["masked_fill"] = c => [c.Emit("Where", [c[1], c.Operand(2, 0), c[0]])],
        ["cumsum"] = c => [c.Emit("CumSum", [c[0], c.File.Whole(c.Long(1))])],
    };

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
