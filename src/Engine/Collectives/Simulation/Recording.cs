using System.Runtime.InteropServices;
using Interactive.Collectives.Algorithms;

namespace Interactive.Collectives.Simulation;

/// <summary>Records the messages of this library's own algorithms for any number of ranks, one per host.</summary>
public static unsafe class Recording
{
    /// <summary>The algorithms for fp32 that can be recorded: those that work by messages alone.</summary>
    public static readonly IReadOnlyList<string> Algorithms = ["ring", "halving-doubling"];

    /// <summary>The algorithm with two bytes an element on the wire; its counts are rounded up to equal parts for all ranks.</summary>
    public const string Half = "direct bf16";

    /// <summary>Every rank's trace of an all-reduce of <paramref name="count"/> floats.</summary>
    /// <exception cref="UsageException">The algorithm is none of <see cref="Algorithms"/> and <see cref="Half"/>.</exception>
    public static IReadOnlyList<MessageTrace> AllReduce(string algorithm, int ranks, long count) =>
        [.. Enumerable.Range(0, ranks).Select(rank => AllReduce(algorithm, ranks, count, rank))];

    /// <summary>One rank's trace of an all-reduce of <paramref name="count"/> floats.</summary>
    /// <exception cref="UsageException">The algorithm is none of <see cref="Algorithms"/> and <see cref="Half"/>.</exception>
    public static MessageTrace AllReduce(string algorithm, int ranks, long count, int rank)
    {
        if (algorithm == Half) count = BlockDeal.Even(count, ranks);
        var buffer = (float*)NativeMemory.AllocZeroed((nuint)Math.Max(1, count), sizeof(float));
        try
        {
            using var transport = new RecordingTransport(rank, ranks);
            using IAllReduce recorded = algorithm switch
            {
                "ring" => new RingAllReduce(transport),
                "halving-doubling" => new HalvingDoublingAllReduce(transport),
                Half => new HalfAllReduce(transport, WireFormat.Bf16, errorFeedback: false),
                _ => throw new UsageException($"cannot record the all-reduce algorithm \"{algorithm}\": one of {string.Join(", ", [.. Algorithms, Half])}"),
            };
            recorded.Run(buffer, count, 0, count);
            return transport.Trace;
        }
        finally { NativeMemory.Free(buffer); }
    }
}
