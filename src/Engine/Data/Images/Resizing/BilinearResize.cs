using System.Buffers;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Interactive.Data;

/// <summary>
/// Resizing with Pillow's antialiased bilinear filter, byte for byte: rows first, then columns, each pixel summed in 32
/// bits and rounded to a byte. With AVX2 two pixels at a time: a weight of 22 bits is two of 11, whose products with
/// bytes are added exactly.
/// </summary>
internal static unsafe class BilinearResize
{
    private const int Half = 1 << ResizeWeights.Bits - 1, LowBits = 11, LowMask = (1 << LowBits) - 1;

    /// <summary>A part of a picture, brought to a size.</summary>
    /// <param name="image">Stays as it is.</param>
    /// <param name="x">Left edge of the part, which lies inside.</param>
    /// <param name="y">Upper edge.</param>
    /// <param name="width">Its pixels of a row.</param>
    /// <param name="height">Its rows.</param>
    /// <param name="toWidth">Pixels of a row of the result.</param>
    /// <param name="toHeight">Rows of the result.</param>
    /// <param name="scalar">Without vectors, for a test that both give the same.</param>
    public static Image Run(Image image, int x, int y, int width, int height, int toWidth, int toHeight,
        bool scalar = false)
    {
        if (x < 0 || y < 0 || width < 1 || height < 1 || x + width > image.Width || y + height > image.Height)
            throw new ArgumentException($"the part {width}x{height} at ({x}, {y}) does not lie in a picture of {image.Width}x{image.Height}");
        if (width == toWidth && height == toHeight) return image.Crop(x, y, width, height);
        var vectors = Avx2.IsSupported && !scalar;
        var (columns, rows) = (ResizeWeights.Of(width, toWidth), ResizeWeights.Of(height, toHeight));
        var result = new Image(toWidth, toHeight, image.Channels);
        var stride = toWidth * image.Channels;
        var middle = ArrayPool<byte>.Shared.Rent(stride * height); // all rows, as wide as the result
        fixed (byte* from = image.Pixels, between = middle, to = result.Pixels)
        {
            var end = from + image.Pixels.Length;
            for (var row = 0; row < height; row++)
            {
                var source = from + ((long)(y + row) * image.Width + x) * image.Channels;
                var target = between + row * stride;
                if (width == toWidth) Buffer.MemoryCopy(source, target, stride, stride);
                else if (vectors && image.Channels == 3) Row3(source, end, target, columns);
                else Row(source, target, columns, image.Channels, 0);
            }
            for (var row = 0; row < toHeight; row++)
                Column(between + (long)rows.Firsts[row] * stride, to + (long)row * stride, stride, rows, row, vectors);
        }
        ArrayPool<byte>.Shared.Return(middle);
        return result;
    }

    private static void Row(byte* from, byte* to, ResizeWeights weights, int channels, int first)
    {
        for (var x = first; x < weights.Firsts.Length; x++)
            for (var c = 0; c < channels; c++)
            {
                var sum = Half;
                for (var i = 0; i < weights.Counts[x]; i++)
                    sum += from[(weights.Firsts[x] + i) * channels + c] * weights.Weights[x * weights.Width + i];
                to[x * channels + c] = Clamp(sum);
            }
    }

    // Four pixels a step: their bytes are spread to pairs of 16 bits (r0 r1 g0 g1 b0 b1), times pairs of weights.
    private static void Row3(byte* from, byte* end, byte* to, ResizeWeights weights)
    {
        var spread = Vector256.Create(
            (byte)0, 255, 3, 255, 1, 255, 4, 255, 2, 255, 5, 255, 255, 255, 255, 255, 6, 255, 9, 255, 7, 255, 10, 255,
                8, 255, 11, 255, 255, 255, 255, 255);
        var lowMask = Vector128.Create(LowMask);
        fixed (int* all = weights.Weights)
            for (var x = 0; x < weights.Firsts.Length; x++)
            {
                var start = from + 3 * weights.Firsts[x];
                var count = weights.Counts[x];
                if (start + 3 * count + 16 > end) // a load would reach behind the picture
                {
                    Row(from, to, weights, 3, x);
                    return;
                }
                var (high, low) = (Vector256<int>.Zero, Vector256<int>.Zero);
                for (var i = 0; i < count; i += 4)
                {
                    var pixels =
                        Avx2.Shuffle(Vector256.Create(Vector128.Load(start + 3 * i), Vector128.Load(start + 3 * i)),
                        spread).AsInt16();
                    var weight = Vector128.Load(all + x * weights.Width + i);
                    var (highs, lows) = (Pairs(Vector128.ShiftRightArithmetic(weight, LowBits)),
                        Pairs(weight & lowMask));
                    high += Avx2.MultiplyAddAdjacent(pixels, highs);
                    low += Avx2.MultiplyAddAdjacent(pixels, lows);
                }
                var sums = Vector256.ShiftLeft(high, LowBits) + low;
                var sum = sums.GetLower() + sums.GetUpper();
                for (var c = 0; c < 3; c++) to[3 * x + c] = Clamp(sum[c] + Half);
            }
    }

    // (a b c d) as 32 bits to (a b) in the lower and (c d) in the upper half, each pair repeated, as 16 bits.
    private static Vector256<short> Pairs(Vector128<int> weights)
    {
        var narrow = Sse2.PackSignedSaturate(weights, weights).AsInt32(); // ab cd ab cd
        return Vector256.Create(Vector128.Create(narrow[0]), Vector128.Create(narrow[1])).AsInt16();
    }

    private static void Column(byte* from, byte* to, int stride, ResizeWeights rows, int row, bool vectors)
    {
        var x = 0;
        fixed (int* weights = &rows.Weights[row * rows.Width])
        {
            var count = rows.Counts[row];
            if (vectors)
                for (; x + 16 <= stride; x += 16) Column16(from + x, to + x, stride, weights, count);
            for (; x < stride; x++)
            {
                var sum = Half;
                for (var i = 0; i < count; i++) sum += from[i * stride + x] * weights[i];
                to[x] = Clamp(sum);
            }
        }
    }

    private static void Column16(byte* from, byte* to, int stride, int* weights, int count)
    {
        var (highA, highB, lowA, lowB) = (Vector256<int>.Zero, Vector256<int>.Zero, Vector256<int>.Zero,
            Vector256<int>.Zero);
        for (var i = 0; i < count; i += 2)
        {
            var first = Avx2.ConvertToVector256Int16(from + i * stride);
            var second = i + 1 < count ? Avx2.ConvertToVector256Int16(from + (i + 1) * stride) : Vector256<short>.Zero;
            var (a, b) = (Avx2.UnpackLow(first, second), Avx2.UnpackHigh(first, second));
            var next = i + 1 < count ? weights[i + 1] : 0;
            var high = Vector256.Create((weights[i] >> LowBits) | (next >> LowBits) << 16).AsInt16();
            var low = Vector256.Create((weights[i] & LowMask) | (next & LowMask) << 16).AsInt16();
            highA += Avx2.MultiplyAddAdjacent(a, high);
            highB += Avx2.MultiplyAddAdjacent(b, high);
            lowA += Avx2.MultiplyAddAdjacent(a, low);
            lowB += Avx2.MultiplyAddAdjacent(b, low);
        }
        var half = Vector256.Create(Half);
        var sumA = Vector256.ShiftRightArithmetic(Vector256.ShiftLeft(highA, LowBits) + lowA + half,
            ResizeWeights.Bits);
        var sumB = Vector256.ShiftRightArithmetic(Vector256.ShiftLeft(highB, LowBits) + lowB + half,
            ResizeWeights.Bits);
        var words = Avx2.PackSignedSaturate(sumA, sumB); // undoes what the unpacking did to the order
        Sse2.PackUnsignedSaturate(words.GetLower(), words.GetUpper()).Store(to);
    }

    private static byte Clamp(int sum) => (byte)Math.Clamp(sum >> ResizeWeights.Bits, 0, 255);
}
