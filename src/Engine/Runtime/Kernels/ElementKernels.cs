using System.Numerics;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// Element-wise passes over fp32 tensors that libtorch offers only in several passes or with a buffer more. Each has
/// the bits of libtorch's own. They write raw memory: autograd does not see them, and no version counter moves. On a
/// GPU <see cref="CudaKernels"/> do the same; where neither can run, <see cref="TorchKernels"/> do.
/// </summary>
internal static unsafe class ElementKernels
{
    private const long Grain = 1 << 14;

    /// <summary>True when the kernels may run on this tensor's memory.</summary>
    public static bool Takes(Tensor tensor)
        => tensor.dtype == ScalarType.Float32 && tensor.device_type == DeviceType.CPU && tensor.is_contiguous()
        && BitConverter.IsLittleEndian;

    /// <summary>The same for a tensor that is read alone: its samples may lie apart.</summary>
    public static bool TakesRows(Tensor tensor)
    {
        if (tensor.dtype != ScalarType.Float32 || tensor.device_type != DeviceType.CPU || !BitConverter.IsLittleEndian)
            return false;
        var (shape, stride) = (tensor.shape, tensor.stride());
        long dense = 1;
        for (var i = shape.Length - 1; i > 0; dense *= shape[i--])
            if (stride[i] != dense && shape[i] != 1) return false;
        return shape.Length > 0;
    }

    /// <summary>The address of the first element.</summary>
    public static float* Data(Tensor tensor) => (float*)DataReads.Address(tensor.Handle);

    /// <summary>True when two tensors begin at one address.</summary>
    public static bool ShareBytes(Tensor a, Tensor b) => Data(a) == Data(b);

    /// <summary>max(x, 0) in place.</summary>
    public static void Rectify(Tensor x)
    {
        if (!Takes(x))
        {
            TorchKernels.Rectify(x);
            return;
        }
        var p = Data(x);
        OpenMp.For(x.numel(), Grain, (from, to) =>
        {
            var i = from;
            for (; i <= to - Vector<float>.Count; i += Vector<float>.Count) Store(p + i, Rectified(Load(p + i)));
            for (; i < to; i++) p[i] = Rectified(p[i]);
        });
    }

    /// <summary>Zeroes the gradient where a rectifier's output is not positive, in place.</summary>
    public static void Mask(Tensor gradient, Tensor output) => Mask(gradient, output, gradient);

    /// <summary>
    /// The same into <paramref name="result"/>; the gradient's samples may lie apart (<see cref="TakesRows"/>).
    /// </summary>
    public static void Mask(Tensor gradient, Tensor output, Tensor result)
    {
        if (!TakesRows(gradient) || !Takes(output) || !Takes(result))
        {
            if (CudaKernels.Takes(gradient) && CudaKernels.Takes(output) && CudaKernels.Takes(result))
                CudaKernels.Mask(gradient, output, result);
            else TorchKernels.Mask(gradient, output, result);
            return;
        }
        float* g = Data(gradient), y = Data(output), r = Data(result);
        var count = gradient.numel();
        var (row, stride) = gradient.is_contiguous() ? (count, count) : (count / gradient.shape[0], gradient.stride(0));
        OpenMp.For(count, Grain, (from, to) =>
        {
            for (var at = from; at < to;)
            {
                var (sample, within) = Math.DivRem(at, row);
                var length = Math.Min(row - within, to - at);
                MaskRow(g + sample * stride + within, y + at, r + at, length);
                at += length;
            }
        });
    }

    private static void MaskRow(float* g, float* y, float* r, long length)
    {
        long i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
            Store(r + i,
                Vector.ConditionalSelect(Vector.LessThanOrEqual(Load(y + i), Vector<float>.Zero), Vector<float>.Zero,
                Load(g + i)));
        for (; i < length; i++) r[i] = y[i] <= 0 ? 0 : g[i];
    }

    /// <summary>True when <see cref="Add"/> goes over this tensor once.</summary>
    public static bool AddsInOnePass(Tensor tensor) => Takes(tensor) || CudaKernels.Takes(tensor);

    /// <summary>x + y, rectified when asked, into <paramref name="result"/>, which may be x or y.</summary>
    public static void Add(Tensor x, Tensor y, Tensor result, bool rectify)
    {
        if (!Takes(x) || !Takes(y) || !Takes(result))
        {
            if (CudaKernels.Takes(x) && CudaKernels.Takes(y) && CudaKernels.Takes(result))
                CudaKernels.Add(x, y, result, rectify);
            else TorchKernels.Add(x, y, result, rectify);
            return;
        }
        float* a = Data(x), b = Data(y), r = Data(result);
        OpenMp.For(x.numel(), Grain, (from, to) =>
        {
            var i = from;
            for (; i <= to - Vector<float>.Count; i += Vector<float>.Count)
            {
                var sum = Load(a + i) + Load(b + i);
                Store(r + i, rectify ? Rectified(sum) : sum);
            }
            for (; i < to; i++)
            {
                var sum = a[i] + b[i];
                r[i] = rectify ? Rectified(sum) : sum;
            }
        });
    }

    // As libtorch's: a negative zero and a NaN pass.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector<float> Rectified(Vector<float> x)
        => Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), Vector<float>.Zero, x);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Rectified(float x) => x < 0 ? 0 : x;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector<float> Load(float* p) => Unsafe.ReadUnaligned<Vector<float>>(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Store(float* p, Vector<float> v) => Unsafe.WriteUnaligned(p, v);
}
