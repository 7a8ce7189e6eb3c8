using System.Collections.Concurrent;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// The passes of <c>kernels.cu</c>: what libtorch does on a GPU in several passes, or by going over the data for
/// statistics that are known. Where they cannot be compiled, or do not add up, <see cref="TorchKernels"/> stand in.
/// </summary>
internal static unsafe class CudaKernels
{
    private static readonly ConcurrentDictionary<int, Lazy<CudaProgram?>> Programs = new();

    /// <summary>True when the passes may run on this tensor's memory.</summary>
    public static bool Takes(Tensor tensor)
        => tensor.device_type == DeviceType.CUDA && tensor.dtype == ScalarType.Float32 && tensor.is_contiguous()
        && tensor.numel() <= int.MaxValue && For(tensor) is not null;

    /// <summary>Whether they run on GPU <paramref name="device"/>.</summary>
    public static bool IsAvailable(int device) => Of(device) is not null;

    /// <summary>x + y, rectified when asked, into <paramref name="result"/>, which may be x or y.</summary>
    public static void Add(Tensor x, Tensor y, Tensor result, bool rectify)
        => OverTwo(rectify ? "add_rectified" : "add", x, y, result);

    /// <summary>
    /// The gradient where the rectifier's output is not &lt;= 0, else zero, into <paramref name="result"/>, which may
    /// be the gradient.
    /// </summary>
    public static void Mask(Tensor gradient, Tensor output, Tensor result) => OverTwo("mask", gradient, output, result);

    /// <summary>
    /// Batch normalisation of (batch, channels, …) from a batch's mean and inverse deviation, rectified when asked,
    /// into <paramref name="y"/>.
    /// </summary>
    /// <param name="form">How it is written down: 0 or 1, see <see cref="Forms"/>.</param>
    public static void BatchNorm(int form, Tensor x, Tensor y, Tensor mean, Tensor inverse, Tensor weight, Tensor bias,
        bool rectify)
    {
        var (count, channels) = (x.numel(), mean.numel());
        var inner = count / (x.shape[0] * channels);
        var wide = inner % 4 == 0 ? Wide(count, Address(x), Address(y)) : 0;
        For(x)!.Launch("batch_norm", wide > 0 ? wide : count, Address(x), Address(y), Address(mean), Address(inverse),
            Address(weight), Address(bias),
            form, rectify ? 1 : 0, channels, inner, count, wide);
    }

    /// <summary>
    /// For each form of <see cref="BatchNorm"/>: whether it gives every bit of <paramref name="y"/>, which is not
    /// rectified. Waits for the GPU.
    /// </summary>
    public static bool[] Forms(Tensor x, Tensor y, Tensor mean, Tensor inverse, Tensor weight, Tensor bias)
    {
        var (count, channels) = (x.numel(), mean.numel());
        using var differs = zeros(2, ScalarType.Int32, x.device);
        For(x)!.Launch("batch_norm_differs", count, Address(x), Address(y), Address(mean), Address(inverse),
            Address(weight), Address(bias),
            channels, count / (x.shape[0] * channels), count, Address(differs));
        using var found = differs.cpu();
        return [found.data<int>()[0] == 0, found.data<int>()[1] == 0];
    }

    private static void OverTwo(string kernel, Tensor x, Tensor y, Tensor result)
    {
        var count = x.numel();
        if (count == 0) return;
        var wide = Wide(count, Address(x), Address(y), Address(result));
        For(x)!.Launch(kernel, wide > 0 ? wide : count, Address(x), Address(y), Address(result), count, wide);
    }

    // Groups of four that a thread can move at once.
    private static long Wide(long count, params ReadOnlySpan<long> addresses)
    {
        foreach (var address in addresses)
            if (address % 16 != 0) return 0;
        return count / 4;
    }

    private static long Address(Tensor tensor) => (long)ElementKernels.Data(tensor);

    private static CudaProgram? For(Tensor tensor) => Of(tensor.device_index);

    private static CudaProgram? Of(int device) => Programs.GetOrAdd(device, static index => new Lazy<CudaProgram?>(() =>
    {
        using var source = new StreamReader(typeof(CudaKernels).Assembly.GetManifestResourceStream("kernels.cu")!);
        try
        {
            var program = new CudaProgram(source.ReadToEnd(), index);
            return Adds(program, torch.device(DeviceType.CUDA, index)) ? program : null;
        }
        catch (NotSupportedException) { return null; }
    })).Value;

    // They are believed after a sum came out right.
    private static bool Adds(CudaProgram program, Device device)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor x = arange(-500, 503, ScalarType.Float32, device), sum = zeros_like(x);
        program.Launch("add_rectified", x.numel() / 4, Address(x), Address(x), Address(sum), x.numel(), x.numel() / 4);
        return sum.Equals(x.add(x).relu());
    }
}
