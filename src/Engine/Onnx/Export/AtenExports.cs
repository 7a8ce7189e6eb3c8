using Interactive.Runtime;

namespace Interactive.Onnx;

using Write = Func<ExportCall, string[]>;

/// <summary>libtorch's operators as ONNX has them, by name.</summary>
internal static class AtenExports
{
    public static readonly Dictionary<string, Write> Table
        = new[] { MathExports.All, FunctionExports.All, ReductionExports.All, LayerExports.All, WindowExports.All, ShapeExports.All, PlaceExports.All, RecurrenceExports.All }
        .SelectMany(family => family).ToDictionary(pair => "aten::" + pair.Key, pair => pair.Value);

    /// <summary>True for an operator without a counterpart that is made of others: those are written.</summary>
    public static bool IsSeenInto(string name, string overload)
        => !Table.ContainsKey(name) && !Table.ContainsKey(name.TrimEnd('_')) && CompositeOperators.Contains(name, overload);

    /// <summary>
    /// Those that ONNX spells out: read again, they are recognised. What others spell is the net's own, and stays apart.
    /// </summary>
    public static readonly HashSet<string> SpelledOut = [.. "silu gelu layer_norm group_norm linear addmm scaled_dot_product_attention"
        .Split(' ').Select(name => "aten::" + name)];
}
