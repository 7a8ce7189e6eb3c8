using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Runtime;

/// <summary>
/// Zeros of any size that take no memory: read-only pages that the system has not filled. For kernels that ask for a
/// contiguous tensor but read only its shape.
/// </summary>
internal static unsafe class BlankTensor
{
    private static readonly Lock Gate = new();
    private static float* zeros;
    private static long length;

    /// <summary>
    /// A tensor of this shape and type, by default fp32, never to be written; the caller disposes it. On a GPU one
    /// number stands for all: a kernel that insists on a contiguous tensor takes the memory there.
    /// </summary>
    public static Tensor Of(ReadOnlySpan<long> shape, Device device, ScalarType type = ScalarType.Float32)
    {
        if (device.type != DeviceType.CPU)
        {
            using var one = TorchSharp.torch.zeros(1, type, device);
            return one.expand(shape.ToArray());
        }
        long count = 1;
        foreach (var size in shape) count = checked(count * size);
        using var flat =
            TensorBlob.Wrap(Zeros(checked((count * type.ElementSize() + sizeof(float) - 1) / sizeof(float))), count,
            type);
        return flat.view(shape.ToArray());
    }

    // Earlier, smaller mappings stay: tensors may point at them, and they cost addresses only.
    private static float* Zeros(long count)
    {
        const int Read = 1, PrivateAnonymousUnreserved = 0x2 | 0x20 | 0x4000;
        lock (Gate)
        {
            if (count <= length) return zeros;
            var mapped = mmap(null, (nuint)count * sizeof(float), Read, PrivateAnonymousUnreserved, -1, 0);
            if ((nint)mapped == -1)
                throw new OutOfMemoryException($"the system has no {count * sizeof(float)} free addresses");
            zeros = (float*)mapped;
            length = count;
            return zeros;
        }
    }

    [DllImport("libc")]
    private static extern void* mmap(void* address, nuint bytes, int protection, int flags,
        int file, nint offset);
}
