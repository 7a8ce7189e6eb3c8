using System.Runtime.InteropServices;
using Interactive.Collectives.Algorithms;

namespace Interactive.Collectives.Simulation;

/// <summary>Records the messages of this library's own algorithms for any number of ranks, one per host.</summary>
public static unsafe class Recording
{
    /// <summary>The traces of an all-reduce of <paramref name="count"/> floats.</summary>
    /// <param name="algorithm">ring or halving-doubling.</param>
    /// <param name="ranks">Number of ranks.</param>
    /// <param name="count">Floats.</param>
    /// <exception cref="UsageException">An algorithm that does not work by messages alone.</exception>
    public static IReadOnlyList<MessageTrace> AllReduce(string algorithm, int ranks, long count)
    {
        // All ranks use the same memory: nobody looks at the sums.
        var buffer = (float*)NativeMemory.AllocZeroed((nuint)Math.Max(1, count), sizeof(float));
        try
        {
            return [.. Enumerable.Range(0, ranks).Select(rank =>
            {
                using var transport = new RecordingTransport(rank, ranks);
                using IAllReduce recorded = algorithm switch
                {
                    "ring" => new RingAllReduce(transport),
                    "halving-doubling" => new HalvingDoublingAllReduce(transport),
                    _ => throw new UsageException($"cannot record the all-reduce algorithm \"{algorithm}\": one of ring, halving-doubling"),
                };
                recorded.Run(buffer, count, 0, count);
                return transport.Trace;
            })];
        }
        finally { NativeMemory.Free(buffer); }
    }
}
