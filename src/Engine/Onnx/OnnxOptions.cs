namespace Interactive.Onnx;

/// <summary>How a file becomes a graph.</summary>
public sealed record OnnxOptions
{
    /// <summary>
    /// Sizes that the file leaves free, by the names it gives them, such as <c>sequence = 128</c>; that of the batch
    /// stays free. Default none.
    /// </summary>
    public IReadOnlyDictionary<string, long> Sizes { get; init; } = new Dictionary<string, long>();
    /// <summary>Which weights train, by name; the others are frozen. Default all.</summary>
    public Func<string, bool> Trains { get; init; } = _ => true;
}
