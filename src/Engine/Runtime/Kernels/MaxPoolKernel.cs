using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// Maximum over windows of sixteen neighbouring outputs at once, where libtorch's contiguous CPU kernel takes one
/// number after the other. Values and indices have its bits, which a test holds: of equal numbers the first wins, and a
/// NaN always.
/// </summary>
internal static unsafe class MaxPoolKernel
{
    /// <summary>True when the kernel may run on this input, and is faster.</summary>
    public static bool Takes(Tensor x, (long Height, long Width) stride)
        => Avx512F.IsSupported && stride.Width <= 2 && ElementKernels.Takes(x) && x.dim() == 4
        && x.stride(3) == 1 // else a single position of channels that lie last
        && x.shape[2] * x.shape[3] <= int.MaxValue;

    private readonly record struct Windows(int Height, int Width, int OutHeight, int OutWidth,
        (long Height, long Width) Kernel, (long Height, long Width) Stride, (long Height, long Width) Padding)
    {
        // The outputs whose window lies within the row.
        public int FirstInside => (int)((Padding.Width + Stride.Width - 1) / Stride.Width);
        public int EndInside => (int)Math.Min(OutWidth, (Width - Kernel.Width + Padding.Width) / Stride.Width + 1);
    }

    /// <summary>Writes the maxima and, where asked for, their places in the plane.</summary>
    /// <param name="x">(batch, channels, height, width), contiguous fp32.</param>
    /// <param name="y">(batch, channels, output height, output width), contiguous fp32.</param>
    /// <param name="indices">Of the same shape in Int64, or null.</param>
    /// <param name="kernel">Size of a window.</param>
    /// <param name="stride">From window to window; at most 2 along the width.</param>
    /// <param name="padding">Rows and columns before the first number, less than a window.</param>
    public static void Apply(Tensor x, Tensor y, Tensor? indices, (long Height, long Width) kernel,
        (long Height, long Width) stride, (long Height, long Width) padding)
    {
        var windows = new Windows((int)x.shape[2], (int)x.shape[3], (int)y.shape[2], (int)y.shape[3], kernel, stride,
            padding);
        float* source = ElementKernels.Data(x), target = ElementKernels.Data(y);
        var places = indices is null ? null : (long*)ElementKernels.Data(indices);
        long inside = (long)windows.Height * windows.Width, outside = (long)windows.OutHeight * windows.OutWidth;
        OpenMp.For(x.shape[0] * x.shape[1], Math.Max(1, (1 << 14) / inside), (from, to) =>
        {
            for (var plane = from; plane < to; plane++)
                Plane(source + plane * inside, target + plane * outside,
                    places == null ? null : places + plane * outside, windows);
        });
    }

    private static void Plane(float* x, float* y, long* indices, in Windows windows)
    {
        int first = windows.FirstInside, end = windows.EndInside, block = Vector512<float>.Count;
        for (var row = 0; row < windows.OutHeight; row++)
        {
            var low = (int)(row * windows.Stride.Height - windows.Padding.Height);
            var high = (int)Math.Min(low + windows.Kernel.Height, windows.Height);
            low = Math.Max(low, 0);
            var column = 0;
            while (column < windows.OutWidth)
            {
                if (column < first || end - first < block || column >= end)
                    One(x, y, indices, windows, low, high, column++);
                else
                {
                    column = Math.Min(column, end - block); // the last ones again rather than one by one
                    Block(x, y, indices, windows, low, high, column);
                    column += block;
                }
            }
            y += windows.OutWidth;
            if (indices != null) indices += windows.OutWidth;
        }
    }

    private static void One(float* x, float* y, long* indices, in Windows windows, int low, int high, int column)
    {
        var left = (int)(column * windows.Stride.Width - windows.Padding.Width);
        var right = (int)Math.Min(left + windows.Kernel.Width, windows.Width);
        left = Math.Max(left, 0);
        var (most, place) = (float.NegativeInfinity, (long)low * windows.Width + left);
        for (var h = low; h < high; h++)
            for (var w = left; w < right; w++)
                if (x[h * windows.Width + w] is var value && (value > most || float.IsNaN(value)))
                    (most, place) = (value, h * windows.Width + w);
        y[column] = most;
        if (indices != null) indices[column] = place;
    }

    private static void Block(float* x, float* y, long* indices, in Windows windows, int low, int high, int column)
    {
        var left = (int)(column * windows.Stride.Width - windows.Padding.Width);
        var (twice, width, kernel) = (windows.Stride.Width == 2, windows.Width, (int)windows.Kernel.Width);
        var lanes = twice ? Vector512<int>.Indices * 2 : Vector512<int>.Indices;
        var most = Vector512.Create(float.NegativeInfinity);
        var places = Vector512.Create(low * width + left) + lanes;
        for (var h = low; h < high; h++)
            for (var w = 0; w < kernel; w++)
            {
                var at = h * width + left + w;
                var value = twice ? EveryOther(x + at) : Vector512.Load(x + at);
                var takes = Vector512.GreaterThan(value, most) | ~Vector512.Equals(value, value);
                most = Vector512.ConditionalSelect(takes, value, most);
                places = Vector512.ConditionalSelect(takes.AsInt32(), Vector512.Create(at) + lanes, places);
            }
        most.Store(y + column);
        if (indices == null) return;
        var (lower, upper) = Vector512.Widen(places);
        lower.Store(indices + column);
        upper.Store(indices + column + Vector512<long>.Count);
    }

    // The second load begins one number before the sixteenth next, so that none behind the last one wanted is read.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> EveryOther(float* x)
        => Avx512F.PermuteVar16x32x2(Vector512.Load(x),
        Vector512.Create(0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31), Vector512.Load(x + 15));
}
