using SkiaSharp;
using static TorchSharp.torch;

namespace Interactive.Extensions.Display;

/// <summary>Draws a tensor that looks like images: (C, H, W) or (N, C, H, W) with one or three channels.</summary>
internal static class TensorPicture
{
    private const int MostImages = 32, Smallest = 8, Largest = 2048, Gap = 2;

    /// <summary>
    /// A PNG, or null for other shapes. Values outside 0..1 (0..255 for bytes) are stretched from least to greatest.
    /// </summary>
    public static byte[]? Draw(Tensor tensor)
    {
        if (tensor.dim() is not (3 or 4) || tensor.shape[^3] is not (1 or 3) || tensor.numel() == 0
            || tensor.device_type == TorchSharp.DeviceType.META) return null;
        if (tensor.shape[^1] is < Smallest or > Largest || tensor.shape[^2] is < Smallest or > Largest) return null;
        if (!tensor.is_floating_point() && tensor.dtype is not ScalarType.Byte) return null;
        var images = tensor.detach().cpu().reshape(-1, tensor.shape[^3], tensor.shape[^2], tensor.shape[^1]);
        var shown = (int)Math.Min(images.shape[0], MostImages);
        var numbers =
            Scale(images.narrow(0, 0, shown).to(ScalarType.Float32), tensor.dtype == ScalarType.Byte).contiguous()
            .data<float>().ToArray();
        return Paint(numbers, shown, (int)images.shape[1], (int)images.shape[2], (int)images.shape[3]);
    }

    private static Tensor Scale(Tensor images, bool isByte)
    {
        if (isByte) return images / 255;
        var finite = images.nan_to_num(0, 0, 0);
        var (least, greatest) = (finite.min().item<float>(), finite.max().item<float>());
        return least >= 0 && greatest <= 1 ? finite
            : greatest > least ? (finite - least) / (greatest - least) : zeros_like(finite);
    }

    private static byte[] Paint(float[] numbers, int count, int channels, int height, int width)
    {
        var columns = Math.Min(count, 8);
        var rows = (count + columns - 1) / columns;
        // Small images are enlarged by whole factors, so that each pixel stays one.
        var zoom = Math.Max(1, 96 / Math.Max(width, height));
        var (cellWidth, cellHeight) = (width * zoom + Gap, height * zoom + Gap);
        using var bitmap = new SKBitmap(columns * cellWidth - Gap, rows * cellHeight - Gap);
        for (var n = 0; n < count; n++)
            for (var y = 0; y < height * zoom; y++)
                for (var x = 0; x < width * zoom; x++)
                {
                    byte Value(int channel)
                        => (byte)(255
                        * Math.Clamp(numbers[((n * channels + Math.Min(channel, channels - 1)) * height + y / zoom)
                        * width + x / zoom], 0, 1) + 0.5f);
                    bitmap.SetPixel(n % columns * cellWidth + x, n / columns * cellHeight + y,
                        new SKColor(Value(0), Value(1), Value(2)));
                }
        return Picture.Encode(bitmap);
    }
}
