using System.Runtime.CompilerServices;
using Interactive.Collectives;
using Interactive.Graphs;
using Interactive.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// A tensor on its way between two stages: its numbers as they lie in memory, and before them how they lie, since the
/// order of a sum over them is part of its bits.
/// </summary>
internal sealed unsafe class WireTensor
{
    private const int MostDimensions = 8, Words = MostDimensions + 1;
    // whether there is anything, then the strides
    private readonly long[] header = GC.AllocateArray<long>(Words, pinned: true);
    private readonly Tensor memory;
    private readonly long[] shape;
    private MessageLink.Message[] messages = [];

    private WireTensor(Tensor memory, long[] shape)
    {
        (this.memory, this.shape) = (memory, shape);
        if (Bytes > int.MaxValue) throw new UsageException($"a value of {Bytes} bytes is too large for one message: use smaller micro-batches");
    }

    private void* Header => Unsafe.AsPointer(ref header[0]);

    /// <summary>Bytes of its numbers.</summary>
    public long Bytes => memory.numel() * memory.element_size();

    /// <summary>Starts sending; takes the tensor over. Null goes as such, in as many bytes.</summary>
    public static WireTensor Send(MessageLink link, Tensor? tensor, Value value, long batch, int peer, int tag,
        string name)
    {
        var shape = Shape(value, batch);
        var dense = tensor is null ? zeros(shape, value.Type) : IsDense(tensor) ? tensor : tensor.contiguous();
        if (tensor is not null && dense.Handle != tensor.Handle) tensor.Dispose();
        dense.DetachFromDisposeScope();
        var wire = new WireTensor(dense, shape);
        wire.header[0] = tensor is null ? 0 : 1;
        dense.stride().CopyTo(wire.header, 1);
        wire.messages = [link.Send(wire.Header, Words * sizeof(long), peer, tag, name),
            link.Send(ElementKernels.Data(dense), (int)wire.Bytes, peer, tag, name)];
        return wire;
    }

    /// <summary>Offers memory for one that will come.</summary>
    public static WireTensor Receive(MessageLink link, Value value, long batch, int peer, int tag, string name)
    {
        var shape = Shape(value, batch);
        var wire = new WireTensor(empty(shape, value.Type).DetachFromDisposeScope(), shape);
        wire.messages = [link.Receive(wire.Header, Words * sizeof(long), peer, tag, name),
            link.Receive(ElementKernels.Data(wire.memory), (int)wire.Bytes, peer, tag, name)];
        return wire;
    }

    /// <summary>Waits, and hands out what has come; null where nothing was sent.</summary>
    public Tensor? Take(MessageLink link)
    {
        foreach (var message in messages) link.Wait(message);
        if (header[0] == 0)
        {
            memory.Dispose();
            return null;
        }
        var strides = header.AsSpan(1, shape.Length).ToArray();
        if (strides.AsSpan().SequenceEqual(memory.stride())) return memory;
        using (memory) return memory.as_strided(shape, strides).DetachFromDisposeScope();
    }

    /// <summary>Waits until it has left, and lets go of its memory.</summary>
    public void Finish(MessageLink link)
    {
        foreach (var message in messages) link.Wait(message);
        memory.Dispose();
    }

    private static long[] Shape(Value value, long batch) => [.. value.Extents.Select(e => e.At(batch))];

    // Every number in a place of its own, without gaps.
    private static bool IsDense(Tensor tensor)
    {
        var expected = 1L;
        foreach (var (size,
            stride) in tensor.shape.Zip(tensor.stride()).Where(d => d.First != 1).OrderBy(d => d.Second))
        {
            if (stride != expected) return false;
            expected *= size;
        }
        return true;
    }
}
