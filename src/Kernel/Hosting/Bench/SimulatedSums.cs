using Interactive.Collectives.Simulation;

namespace Interactive.Kernel.Hosting.Bench;

/// <summary>
/// Seconds of our all-reduces on hosts that do not exist, each by the algorithm that is fastest for its size.
/// </summary>
/// <param name="latency">Seconds of a message.</param>
/// <param name="bytesPerSecond">Speed of a host's link.</param>
/// <param name="perHost">Ranks on a host.</param>
/// <param name="withinHost">Bytes a second between a rank and the others of its host; what goes by messages is as fast
/// as the link at least.</param>
/// <param name="half">Two bytes an element on the wire.</param>
internal sealed class SimulatedSums(double latency, double bytesPerSecond, int perHost, double withinHost, bool half)
{
    private readonly Dictionary<(int, long), double> known = [];

    /// <summary>Seconds to sum so many floats over so many ranks.</summary>
    public double Seconds(int ranks, long count)
        => ranks == 1 ? 0 : known.TryGetValue((ranks, count), out var seconds) ? seconds
        : known[(ranks, count)] = half ? Replay(Recording.Half, ranks, count)
        : Math.Min(Recording.Algorithms.Min(algorithm => Replay(algorithm, ranks, count)), Hierarchical(ranks, count));

    // Neighbours in a ring follow each other host by host: a host's link carries one rank's messages, however many
    // ranks it has. Every other algorithm has all of a host's ranks send over it at once.
    private double Replay(string algorithm, int ranks, long count) =>
        new Network(latency, algorithm == "ring" ? bytesPerSecond : bytesPerSecond / Math.Min(perHost, ranks))
            .ReplaySymmetric(Recording.AllReduce(algorithm, ranks, count, rank: 0));

    // A rank reads the others' parts of its slice and writes the sum back to them; in between all slices of a host
    // share its link.
    private double Hierarchical(int ranks, long count) => perHost == 1 || ranks <= perHost ? double.PositiveInfinity
        : 2.0 * (perHost - 1) / perHost * count * sizeof(float) / withinHost
            + new Network(latency,
                bytesPerSecond / perHost).ReplaySymmetric(Recording.AcrossHosts(ranks / perHost, perHost, count,
                host: 0));
}
