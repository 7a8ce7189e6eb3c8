using System.Buffers;

namespace Interactive.Data;

/// <summary>
/// A picture of bytes: rows of pixels, 3 channels (red, green, blue) or 1. Holds a buffer that others use after it is
/// disposed.
/// </summary>
public sealed class Image : IDisposable
{
    private byte[]? buffer;

    /// <summary>A picture whose pixels are yet to be written.</summary>
    /// <param name="width">Pixels of a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="channels">3 or 1.</param>
    public Image(int width, int height, int channels = 3)
    {
        if (width < 1 || height < 1)
            throw new ArgumentException($"a picture has at least one pixel, got {width}x{height}");
        if (channels is not (1 or 3)) throw new ArgumentException($"a picture has 3 channels or 1, got {channels}");
        (Width, Height, Channels) = (width, height, channels);
        buffer = ArrayPool<byte>.Shared.Rent(width * height * channels);
    }

    /// <summary>Pixels of a row.</summary>
    public int Width { get; }
    /// <summary>Rows.</summary>
    public int Height { get; }
    /// <summary>Bytes of a pixel.</summary>
    public int Channels { get; }
    /// <summary>All bytes, row by row.</summary>
    public Span<byte> Pixels
        => (buffer ?? throw new ObjectDisposedException(nameof(Image))).AsSpan(0, Width * Height * Channels);
    /// <summary>The bytes of one row.</summary>
    public Span<byte> Row(int y) => Pixels.Slice(y * Width * Channels, Width * Channels);

    /// <summary>A picture of its own of a part.</summary>
    /// <param name="x">Left edge; what lies outside is black.</param>
    /// <param name="y">Upper edge.</param>
    /// <param name="width">Pixels of a row.</param>
    /// <param name="height">Rows.</param>
    public Image Crop(int x, int y, int width, int height)
    {
        var part = new Image(width, height, Channels);
        var (left, right) = (Math.Clamp(-x, 0, width), Math.Clamp(Width - x, 0, width));
        for (var row = 0; row < height; row++)
        {
            var to = part.Row(row);
            if ((uint)(y + row) >= (uint)Height || right <= left)
            {
                to.Clear();
                continue;
            }
            to[..(left * Channels)].Clear();
            Row(y + row).Slice((x + left) * Channels, (right - left) * Channels).CopyTo(to[(left * Channels)..]);
            to[(right * Channels)..].Clear();
        }
        return part;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref buffer, null) is { } given) ArrayPool<byte>.Shared.Return(given);
    }
}
