using SkiaSharp;

namespace Interactive.Data;

/// <summary>Pictures decoded by Skia: PNG, WebP, BMP and GIF, and JPEG where libturbojpeg is missing.</summary>
internal static class SkiaImage
{
    private const string Kinds = "JPEG, PNG, WebP, BMP and GIF can be decoded";

    public static (int Width, int Height) Size(ReadOnlySpan<byte> file)
    {
        using var data = SKData.CreateCopy(file);
        using var codec = Open(data);
        return (codec.Info.Width, codec.Info.Height);
    }

    public static unsafe Image Decode(ReadOnlySpan<byte> file, int width, int height)
    {
        using var data = SKData.CreateCopy(file);
        using var codec = Open(data);
        var rgba = new Image4(width, height);
        fixed (byte* start = rgba.Pixels) Read(codec,
            new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul), (nint)start);
        var image = new Image(width, height);
        var from = rgba.Pixels;
        var to = image.Pixels;
        for (int i = 0, j = 0; j < to.Length; i += 4, j += 3)
            (to[j], to[j + 1], to[j + 2]) = (from[i], from[i + 1], from[i + 2]);
        rgba.Return();
        return image;
    }

    public static unsafe Image DecodeGrey(ReadOnlySpan<byte> file, int width, int height)
    {
        using var data = SKData.CreateCopy(file);
        using var codec = Open(data);
        if (codec.Info.ColorType != SKColorType.Gray8)
            throw new InvalidDataException("a mask must be a grey picture of 8 bits, whose values are classes");
        var image = new Image(width, height, 1);
        try
        {
            fixed (byte* start = image.Pixels) Read(codec,
                new SKImageInfo(width, height, SKColorType.Gray8, SKAlphaType.Opaque), (nint)start);
            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    private static SKCodec Open(SKData data)
        => SKCodec.Create(data)
        ?? throw new InvalidDataException($"it is not a picture, or its header is damaged ({Kinds})");

    private static void Read(SKCodec codec, SKImageInfo info, nint pixels)
    {
        var result = codec.GetPixels(info, pixels);
        if (result != SKCodecResult.Success) throw new InvalidDataException($"the picture is damaged ({(result == SKCodecResult.IncompleteInput ? "cut short" : result)})");
    }

    // Four bytes a pixel, for a moment.
    private readonly struct Image4(int width, int height)
    {
        private readonly byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(checked(4 * width * height));
        public Span<byte> Pixels => buffer.AsSpan(0, 4 * width * height);
        public void Return() => System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
    }
}
