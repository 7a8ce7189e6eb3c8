using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Collectives.Algorithms;

/// <summary>
/// Sums memory of a device where it lies, by MPI's own collective operations. MPI_Reduce_scatter makes every sum once,
/// on one rank, and MPI_Allgatherv copies it, so that all ranks hold the same bits, which MPI_Allreduce does not
/// promise. In which order an element is summed is the library's affair and may depend on the range.
/// </summary>
internal sealed unsafe class DeviceAllReduce(IReachesDevices transport, string device) : IAllReduce
{
    const int MostFloats = 1 << 24; // at once: counts fit into MPI's integers, and the memory for a part stays small
    Tensor? part;

    public string Name => "device";

    public void Run(float* buffer, long length, long start, long count)
    {
        // MPI reads the memory at once, so the kernels that write it must be done. What MPI has written is there when
        // it returns.
        Devices.Synchronize(torch.device(device));
        var counts = new int[transport.Size];
        for (long at = 0; at < count; at += MostFloats)
        {
            long n = Math.Min(MostFloats, count - at);
            for (int rank = 0; rank < counts.Length; rank++)
            {
                var (low, high) = DirectExchange.Part(rank, counts.Length, n);
                counts[rank] = (int)(high - low);
            }
            var data = buffer + start + at;
            var mine = Part(counts[0]); // the first is the largest
            transport.ReduceScatter(data, mine, counts);
            transport.AllGather(mine, data, counts);
        }
    }

    public void Dispose()
    {
        part?.Dispose();
        part = null;
    }

    float* Part(int floats)
    {
        if (part is null || part.numel() < floats)
        {
            part?.Dispose();
            part = empty(floats, ScalarType.Float32, torch.device(device)).DetachFromDisposeScope();
        }
        return ElementKernels.Data(part);
    }
}
