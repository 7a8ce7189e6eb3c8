namespace Interactive.Onnx;

/// <summary>The settings of a node of the file, each with what holds where the file has none of its name.</summary>
internal abstract class OnnxSettings(OnnxNode node)
{
    /// <summary>As in the file.</summary>
    private protected OnnxNode Node => node;

    public long Long(string name, long otherwise)
        => node.Attributes.TryGetValue(name, out var given) ? given.Long : otherwise;
    public double Float(string name, double otherwise)
        => node.Attributes.TryGetValue(name, out var given) ? given.Float : otherwise;
    public string Text(string name, string otherwise)
        => node.Attributes.TryGetValue(name, out var given) ? given.Text : otherwise;
    public long[]? Longs(string name) => node.Attributes.TryGetValue(name, out var given) ? [.. given.Longs] : null;
}
