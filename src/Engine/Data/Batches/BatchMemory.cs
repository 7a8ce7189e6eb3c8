using Interactive.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>A tensor of a batch that is being filled: one place a sample, written from any thread.</summary>
internal sealed unsafe class BatchMemory<T> : IDisposable where T : unmanaged
{
    private readonly string name;
    private readonly int sample;
    private readonly T* start;
    private Tensor? tensor;

    /// <param name="name">The tensor's name.</param>
    /// <param name="shape">(batch, …).</param>
    public BatchMemory(string name, long[] shape)
    {
        var type = typeof(T) == typeof(float) ? ScalarType.Float32
            : typeof(T) == typeof(long) ? ScalarType.Int64 : typeof(T) == typeof(byte) ? ScalarType.Byte
            : throw new NotSupportedException($"batches hold no {typeof(T).Name}");
        this.name = name;
        tensor = empty(shape, type).DetachFromDisposeScope();
        start = (T*)ElementKernels.Data(tensor);
        sample = (int)(tensor.numel() / Math.Max(1, shape[0]));
    }

    /// <summary>The place of one sample.</summary>
    public Span<T> this[int slot] => new(start + (long)slot * sample, sample);

    /// <summary>The tensor, which is the caller's from here on.</summary>
    public NamedTensor Take()
    {
        var taken = new NamedTensor(name, tensor!);
        tensor = null;
        return taken;
    }

    public void Dispose() => tensor?.Dispose();
}
