namespace Interactive.Data;

/// <summary>A picture as it lies in its file, with what is known of it.</summary>
/// <param name="File">JPEG, PNG, WebP, BMP or GIF.</param>
/// <param name="Class">Its class; -1 for none.</param>
/// <param name="Name">What it is called, such as its path below its folder.</param>
public sealed record EncodedImage(ReadOnlyMemory<byte> File, int Class = -1, string Name = "") : ISized
{
    /// <summary>A mask of the same picture, as a grey PNG whose values are classes; empty (default) for none.</summary>
    public ReadOnlyMemory<byte> Mask { get; init; }

    private static readonly List<Box> none = []; // told from an empty list that was given

    /// <summary>
    /// What is where in it; an empty list for a picture without anything among pictures with boxes. Default: boxes are not told of.
    /// </summary>
    public IReadOnlyList<Box> Boxes { get; init; } = none;

    internal bool HasBoxes => !ReferenceEquals(Boxes, none);

    /// <inheritdoc/>
    public long Bytes => File.Length + Mask.Length + 2 * Name.Length;
}
