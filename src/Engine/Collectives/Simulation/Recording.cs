using System.Runtime.InteropServices;
using Interactive.Collectives.Algorithms;

namespace Interactive.Collectives.Simulation;

/// <summary>Records the messages of this library's own algorithms for any number of ranks, one per host.</summary>
public static unsafe class Recording
{
    /// <summary>The algorithms for fp32 that can be recorded: those that work by messages alone.</summary>
    public static readonly IReadOnlyList<string> Algorithms = ["ring", "halving-doubling"];

    /// <summary>
    /// The algorithm with two bytes an element on the wire; its counts are rounded up to equal parts for all ranks.
    /// </summary>
    public const string Half = "direct bf16";

    /// <summary>
    /// What one rank of each host sends to those of its number on the other hosts in a hierarchical all-reduce of
    /// <paramref name="count"/> floats; within a host there are no messages. All of a host's ranks do as much at the
    /// same time. The rank's slice is rounded up to equal parts for all hosts.
    /// </summary>
    public static MessageTrace AcrossHosts(int hosts, int perHost, long count, int host)
    {
        var slice = Math.Max(1, WindowAllReduce.Slice(0, perHost, count).High);
        var blocks = new BlockDeal(count, hosts, 0, slice);
        slice = blocks.Rounds * hosts * blocks.Length;
        return Record(host, hosts, Math.Max(count, slice), slice, transport => new RingAllReduce(transport));
    }

    /// <summary>Every rank's trace of an all-reduce of <paramref name="count"/> floats.</summary>
    /// <exception cref="UsageException">The algorithm is none of <see cref="Algorithms"/> and
    /// <see cref="Half"/>.</exception>
    public static IReadOnlyList<MessageTrace> AllReduce(string algorithm, int ranks, long count) =>
        [.. Enumerable.Range(0, ranks).Select(rank => AllReduce(algorithm, ranks, count, rank))];

    /// <summary>One rank's trace of an all-reduce of <paramref name="count"/> floats.</summary>
    /// <exception cref="UsageException">The algorithm is none of <see cref="Algorithms"/> and
    /// <see cref="Half"/>.</exception>
    public static MessageTrace AllReduce(string algorithm, int ranks, long count, int rank)
    {
        if (algorithm == Half) count = BlockDeal.Even(count, ranks);
        return Record(rank, ranks, count, count, transport => algorithm switch
        {
            "ring" => new RingAllReduce(transport),
            "halving-doubling" => new HalvingDoublingAllReduce(transport),
            Half => new TwoByteAllReduce(transport, WireFormat.Bf16, errorFeedback: false),
            _ => throw new UsageException($"cannot record the all-reduce algorithm \"{algorithm}\": one of {string.Join(", ", [.. Algorithms, Half])}"),
        });
    }

    // The first floats of a buffer.
    private static MessageTrace Record(int rank, int ranks, long length, long count,
        Func<ITransport, IAllReduce> create)
    {
        var buffer = (float*)NativeMemory.AllocZeroed((nuint)Math.Max(1, length), sizeof(float));
        try
        {
            using var transport = new RecordingTransport(rank, ranks);
            using var recorded = create(transport);
            recorded.Run(buffer, length, 0, count);
            return transport.Trace;
        }
        finally { NativeMemory.Free(buffer); }
    }
}
