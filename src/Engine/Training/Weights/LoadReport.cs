namespace Interactive.Training;

/// <summary>What became of the tensors of a file, by name.</summary>
/// <param name="Rules">The rules by which the file's names were read.</param>
/// <param name="Loaded">The model's tensors that were taken from the file.</param>
/// <param name="Missing">The model's that the file has not; they stay as they were.</param>
/// <param name="Unexpected">The file's that the model has not.</param>
/// <param name="OtherShape">Those of another shape or type, each with both.</param>
public sealed record LoadReport(string Rules, IReadOnlyList<string> Loaded, IReadOnlyList<string> Missing,
    IReadOnlyList<string> Unexpected, IReadOnlyList<string> OtherShape)
{
    private const int Shown = 8;

    /// <summary>True when every tensor of either side has its counterpart.</summary>
    public bool IsWhole => Missing.Count + Unexpected.Count + OtherShape.Count == 0;

    /// <inheritdoc/>
    public override string ToString()
        => $"loaded {Loaded.Count} of {Loaded.Count + Missing.Count + OtherShape.Count} tensors by {Rules} names{List("missing", Missing)}{List("unexpected", Unexpected)}{List("of another shape", OtherShape)}";

    private static string List(string title, IReadOnlyList<string> names)
        => names.Count == 0 ? "" : $"; {title}: {string.Join(", ", names.Take(Shown))}{(names.Count > Shown ? $", and {names.Count - Shown} more" : "")}";
}
