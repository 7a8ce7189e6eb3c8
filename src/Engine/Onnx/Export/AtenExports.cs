namespace Interactive.Onnx;

using Write = Func<ExportCall, string[]>;

/// <summary>libtorch's operators as ONNX has them, by name.</summary>
internal static class AtenExports
{
    public static readonly Dictionary<string,
        Write> Table = new[] { MathExports.All, LayerExports.All, ShapeExports.All }
        .SelectMany(family => family).ToDictionary(pair => "aten::" + pair.Key, pair => pair.Value);
}
