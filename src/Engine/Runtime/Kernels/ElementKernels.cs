using System.Numerics;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// Element-wise passes over fp32 and bfloat16 tensors that libtorch offers only in several passes or with a buffer more.
/// Each has the bits of libtorch's own. They write raw memory: autograd does not see them, and no version counter moves. On a
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

    /// <summary>True for numbers without gaps that one pass may go over in whatever order they lie, fp32 or bfloat16.</summary>
    public static bool IsDense(Tensor tensor)
        => tensor.dtype is ScalarType.Float32 or ScalarType.BFloat16 && tensor.device_type == DeviceType.CPU
        && BitConverter.IsLittleEndian && (tensor.is_contiguous() || ChannelsLast.Has(tensor));

    /// <summary>True when the numbers of both lie in one order, without gaps, and are of one type.</summary>
    public static bool AreAlike(Tensor a, Tensor b)
        => ReferenceEquals(a, b) ? IsDense(a)
        : a.dtype == b.dtype && IsDense(a) && IsDense(b)
        && (a.is_contiguous() && b.is_contiguous() || ChannelsLast.Has(a) && ChannelsLast.Has(b));

    /// <summary>max(x, 0) in place.</summary>
    public static void Rectify(Tensor x)
    {
        if (!IsDense(x)) TorchKernels.Rectify(x);
        else if (x.dtype == ScalarType.Float32) Rectify<Float32Rows, float>(x);
        else Rectify<BFloat16Rows, ushort>(x);
    }

    private static void Rectify<TRows, T>(Tensor x) where TRows : IElementRows<T> where T : unmanaged
    {
        var p = (T*)Data(x);
        OpenMp.For(x.numel(), Grain, (from, to) => TRows.Rectify(p + from, to - from));
    }

    /// <summary>Zeroes the gradient where a rectifier's output is not positive, in place.</summary>
    public static void Mask(Tensor gradient, Tensor output) => Mask(gradient, output, gradient);

    /// <summary>
    /// The same into <paramref name="result"/>; the gradient's samples may lie apart (<see cref="TakesRows"/>).
    /// </summary>
    public static void Mask(Tensor gradient, Tensor output, Tensor result)
    {
        if (AreAlike(output, result) && (AreAlike(gradient, output) || TakesRows(gradient) && Takes(output)))
        {
            if (output.dtype == ScalarType.Float32) Mask<Float32Rows, float>(gradient, output, result);
            else Mask<BFloat16Rows, ushort>(gradient, output, result);
        }
        else if (CudaKernels.Takes(gradient) && CudaKernels.Takes(output) && CudaKernels.Takes(result))
            CudaKernels.Mask(gradient, output, result);
        else TorchKernels.Mask(gradient, output, result);
    }

    private static void Mask<TRows, T>(Tensor gradient, Tensor output, Tensor result)
        where TRows : IElementRows<T> where T : unmanaged
    {
        T* g = (T*)Data(gradient), y = (T*)Data(output), r = (T*)Data(result);
        var count = gradient.numel();
        var (row, stride) = AreAlike(gradient, output) ? (count, count)
            : (count / gradient.shape[0], gradient.stride(0));
        OpenMp.For(count, Grain, (from, to) =>
        {
            for (var at = from; at < to;)
            {
                var (sample, within) = Math.DivRem(at, row);
                var length = Math.Min(row - within, to - at);
                TRows.Mask(g + sample * stride + within, y + at, r + at, length);
                at += length;
            }
        });
    }

    /// <summary>True when <see cref="Add"/> goes over these tensors once.</summary>
    public static bool AddsInOnePass(Tensor x, Tensor y)
        => AreAlike(x, y) || CudaKernels.Takes(x) && CudaKernels.Takes(y);

    /// <summary>x + y, rectified when asked, into <paramref name="result"/>, which may be x or y.</summary>
    public static void Add(Tensor x, Tensor y, Tensor result, bool rectify)
    {
        if (AreAlike(x, y) && AreAlike(x, result))
        {
            if (x.dtype == ScalarType.Float32) Add<Float32Rows, float>(x, y, result, rectify);
            else Add<BFloat16Rows, ushort>(x, y, result, rectify);
        }
        else if (CudaKernels.Takes(x) && CudaKernels.Takes(y) && CudaKernels.Takes(result))
            CudaKernels.Add(x, y, result, rectify);
        else TorchKernels.Add(x, y, result, rectify);
    }

    private static void Add<TRows, T>(Tensor x, Tensor y, Tensor result, bool rectify)
        where TRows : IElementRows<T> where T : unmanaged
    {
        T* a = (T*)Data(x), b = (T*)Data(y), r = (T*)Data(result);
        OpenMp.For(x.numel(), Grain, (from, to) => TRows.Add(a + from, b + from, r + from, to - from, rectify));
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
