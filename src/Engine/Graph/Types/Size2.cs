namespace Interactive.Graphs;

/// <summary>A height and a width: kernel sizes, strides, paddings. A single number stands for both.</summary>
public readonly record struct Size2(long Height, long Width)
{
    /// <summary>A square.</summary>
    public static implicit operator Size2(long side) => new(side, side);
    /// <summary>From <c>(height, width)</c>.</summary>
    public static implicit operator Size2((long Height, long Width) size) => new(size.Height, size.Width);
    /// <summary>To <c>(height, width)</c>.</summary>
    public static implicit operator (long Height, long Width)(Size2 size) => (size.Height, size.Width);
    /// <summary>As TorchSharp wants it.</summary>
    public long[] ToArray() => [Height, Width];
    internal (long, long) ToTuple() => (Height, Width);
    /// <summary>As in <c>3x3</c>.</summary>
    public override string ToString() => $"{Height}x{Width}";
}
