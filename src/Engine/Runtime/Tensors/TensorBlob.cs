using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Runtime;

/// <summary>Tensors over memory that libtorch does not own.</summary>
internal static unsafe class TensorBlob
{
    const int Cpu = 0;

    /// <summary>
    /// A one-dimensional tensor, by default of fp32, over <paramref name="data"/>, which must outlive it and all its
    /// views.
    /// </summary>
    /// <exception cref="NotSupportedException">This libtorch lacks the export.</exception>
    public static Tensor Wrap(float* data, long length, ScalarType type = ScalarType.Float32)
    {
        if (!TorchLoader.TryGetExport("aoti_torch_create_tensor_from_blob", out var export))
            throw new NotSupportedException("this libtorch does not export aoti_torch_create_tensor_from_blob");
        long stride = 1;
        nint handle;
        var create = (delegate* unmanaged<void*, long, long*, long*, long, int, int, int, nint*, int>)export;
        if (create(data, 1, &length, &stride, 0, (int)type, Cpu, 0, &handle) != 0)
            throw new InvalidOperationException("libtorch refused to wrap memory; its message is on stderr");
        return Tensor.UnsafeCreateTensor(handle).DetachFromDisposeScope();
    }
}
