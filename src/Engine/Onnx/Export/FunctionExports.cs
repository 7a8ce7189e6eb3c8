namespace Interactive.Onnx;

using Write = Func<ExportCall, string[]>;

/// <summary>Functions of single numbers that ONNX has under other names or that take several of its operators.</summary>
internal static class FunctionExports
{
    public static readonly Dictionary<string, Write> All = new()
    {
        ["tan"] = One("Tan"),
        ["asin"] = One("Asin"),
        ["arcsin"] = One("Asin"),
        ["acos"] = One("Acos"),
        ["arccos"] = One("Acos"),
        ["atan"] = One("Atan"),
        ["arctan"] = One("Atan"),
        ["sinh"] = One("Sinh"),
        ["cosh"] = One("Cosh"),
        ["asinh"] = One("Asinh"),
        ["arcsinh"] = One("Asinh"),
        ["acosh"] = One("Acosh"),
        ["arccosh"] = One("Acosh"),
        ["atanh"] = One("Atanh"),
        ["arctanh"] = One("Atanh"),
        ["log1p"] = c => [c.Emit("Log", [c.Emit("Add", [c.As(0), N(c, 1)])])],
        ["expm1"] = c => [c.Emit("Sub", [c.Emit("Exp", [c.As(0)]), N(c, 1)])],
        ["special_expm1"] = c => [c.Emit("Sub", [c.Emit("Exp", [c.As(0)]), N(c, 1)])],
        ["log2"] = c => [c.Emit("Div", [c.Emit("Log", [c.As(0)]), N(c, Math.Log(2))])],
        ["log10"] = c => [c.Emit("Div", [c.Emit("Log", [c.As(0)]), N(c, Math.Log(10))])],
        ["exp2"] = c => [c.Emit("Pow", [N(c, 2), c.As(0)])],
        ["special_exp2"] = c => [c.Emit("Pow", [N(c, 2), c.As(0)])],
        ["erfc"] = c => [c.Emit("Sub", [N(c, 1), c.Emit("Erf", [c.As(0)])])],
        ["trunc"] = c => [Truncated(c, c[0])],
        ["fix"] = c => [Truncated(c, c[0])],
        ["frac"] = c => [c.Emit("Sub", [c[0], Truncated(c, c[0])])],
        ["addcmul"] = c => [Added(c, c.Emit("Mul", [c.As(1), c.As(2)]))],
        ["addcdiv"] = c => [Added(c, c.Emit("Div", [c.As(1), c.As(2)]))],
        ["lerp"] = c => [c.Emit("Add", [c.As(0), c.Emit("Mul", [c.As(2), c.Emit("Sub", [c.As(1), c.As(0)])])])],
        ["hypot"] = c => [c.Emit("Sqrt", [c.Emit("Add", [c.Emit("Mul", [c.As(0), c.As(0)]), c.Emit("Mul", [c.As(1), c.As(1)])])])],
        ["logaddexp"] = c => [c.Emit("Add", [c.Emit("Max", [c.As(0), c.As(1)]), c.Emit("Log", [c.Emit("Add",
            [c.Emit("Exp", [c.Emit("Neg", [c.Emit("Abs", [c.Emit("Sub", [c.As(0), c.As(1)])])])]), N(c, 1)])])])],
        ["log_sigmoid"] = c => [c.Emit("Neg", [c.Emit("Softplus", [c.Emit("Neg", [c[0]])])])],
        ["hardshrink"] = c => [c.Emit("Shrink", [c[0]], ("lambd", (float)c.Number(1)), ("bias", 0f))],
        ["softshrink"] = c => [c.Emit("Shrink", [c[0]], ("lambd", (float)c.Number(1)), ("bias", (float)c.Number(1)))],
        ["threshold"] = c => [c.Emit("Where", [c.Emit("Greater", [c[0], N(c, c.Number(1))]), c[0], N(c, c.Number(2))])],
        ["rrelu"] = c => [c.Flag(3) ? throw c.Cannot("draws slopes at random")
            : c.Emit("LeakyRelu", [c[0]], ("alpha", (float)((c.Number(1) + c.Number(2)) / 2)))],
        ["isnan"] = c => [c.Emit("IsNaN", [c[0]])],
        ["isinf"] = c => [c.Emit("IsInf", [c[0]])],
        ["isfinite"] = c => [c.Emit("Not", [c.Emit("Or", [c.Emit("IsNaN", [c[0]]), c.Emit("IsInf", [c[0]])])])],
        ["nan_to_num"] = c => [c.IsNone(2) && c.IsNone(3) && c.TypeOf(0) == OnnxTypes.Float
            ? c.Emit("Clip", [c.Emit("Where", [c.Emit("IsNaN", [c[0]]), N(c, c.IsNone(1) ? 0 : c.Number(1)), c[0]]), N(c, float.MinValue), N(c, float.MaxValue)])
            : throw c.Cannot("takes numbers in place of infinite ones")],
        ["logical_not"] = c => [c.Emit("Not", [c.As(0, OnnxTypes.Bool)])],
        ["logical_and"] = Logical("And"),
        ["logical_or"] = Logical("Or"),
        ["logical_xor"] = Logical("Xor"),
        ["bitwise_not"] = c => [c.TypeOf(0) == OnnxTypes.Bool ? c.Emit("Not", [c[0]]) : throw c.Cannot("turns bits")],
        ["bitwise_and"] = Bits("And"),
        ["bitwise_or"] = Bits("Or"),
        ["bitwise_xor"] = Bits("Xor"),
    };

    private static Write One(string name) => c => [c.Emit(name, [c.As(0)])];

    private static string N(ExportCall c, double number) => c.File.Number(number, c.ResultType());

    private static Write Logical(string name) => c => [c.Emit(name, [c.As(0, OnnxTypes.Bool), c.As(1, OnnxTypes.Bool)])];

    private static Write Bits(string name) => c => c.ResultType() == OnnxTypes.Bool ? Logical(name)(c) : throw c.Cannot("takes numbers bit by bit");

    // (x, a, b, value): x + value times what a and b give
    private static string Added(ExportCall c, string what)
        => c.Emit("Add", [c.As(0), c.IsNone(3) || c.Number(3) == 1 ? what : c.Emit("Mul", [what, N(c, c.Number(3))])]);

    /// <summary>Towards 0.</summary>
    public static string Truncated(ExportCall c, string x) => c.Emit("Mul", [c.Emit("Sign", [x]), c.Emit("Floor", [c.Emit("Abs", [x])])]);
}
