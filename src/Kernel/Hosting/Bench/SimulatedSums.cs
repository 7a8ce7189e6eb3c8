using Interactive.Collectives.Simulation;

namespace Interactive.Kernel.Hosting.Bench;

/// <summary>Seconds of our all-reduces on hosts that do not exist, each by the algorithm that is fastest for its size.</summary>
/// <param name="latency">Seconds of a message.</param>
/// <param name="bytesPerSecond">Speed of a host's link.</param>
/// <param name="perHost">Ranks on a host; what they exchange among themselves is as fast as the link at least.</param>
/// <param name="half">Two bytes an element on the wire.</param>
internal sealed class SimulatedSums(double latency, double bytesPerSecond, int perHost, bool half)
{
    private readonly Dictionary<(int, long), double> known = [];

    /// <summary>Seconds to sum so many floats over so many ranks.</summary>
    public double Seconds(int ranks, long count) => ranks == 1 ? 0 : known.TryGetValue((ranks, count), out var seconds) ? seconds
        : known[(ranks, count)] = (half ? [Recording.Half] : Recording.Algorithms).Min(algorithm => Replay(algorithm, ranks, count));

    // Neighbours in a ring follow each other host by host: a host's link carries one rank's messages, however many ranks it has.
    // Every other algorithm has all of a host's ranks send over it at once.
    private double Replay(string algorithm, int ranks, long count) =>
        new Network(latency, algorithm == "ring" ? bytesPerSecond : bytesPerSecond / Math.Min(perHost, ranks))
            .ReplaySymmetric(Recording.AllReduce(algorithm, ranks, count, rank: 0));
}
