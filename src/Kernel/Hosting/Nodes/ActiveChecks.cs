using System.Diagnostics;
using System.Globalization;
using Interactive.Collectives;
using Interactive.Collectives.Transports;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Kernel.Hosting.Nodes;

/// <summary>Short work whose speed is compared with the node's own on earlier days; for a node that is otherwise idle.</summary>
internal static class ActiveChecks
{
    private const int Side = 1024, Copied = 64 << 20, Summed = 4 << 20, Rounds = 5;
    private const double Slow = 0.7; // of what is usual

    public static IEnumerable<Finding> Run(Node node)
    {
        TorchLoader.EnsureLoaded();
        return new[] { ("matrix product", "GF/s", Product()), ("memory", "GB/s", Memory()), ("all-reduce", "GB/s", AllReduce()) }
            .Select(m => Judge(node.History, m.Item1, m.Item2, m.Item3)).OfType<Finding>().ToList();
    }

    /// <summary>Compares a speed with the earlier ones, and keeps it.</summary>
    internal static Finding? Judge(NodeHistory history, string what, string unit, double speed)
        => history.Usual(what, speed) is { } usual && speed < Slow * usual
        ? new("speed", Fitness.Doubtful, string.Create(CultureInfo.InvariantCulture, $"{what} {speed:G3} {unit}, usual here is {usual:G3}")) : null;

    private static double Product()
    {
        using var scope = NewDisposeScope();
        Tensor a = randn(Side, Side), b = randn(Side, Side);
        return Best(2.0 * Side * Side * Side, () => a.matmul(b).Dispose());
    }

    private static double Memory()
    {
        using var scope = NewDisposeScope();
        Tensor from = ones(Copied / sizeof(float)), to = zeros(Copied / sizeof(float));
        return Best(2.0 * Copied, () => to.copy_(from)); // read and written
    }

    private static unsafe double AllReduce()
    {
        double Sum(ITransport end)
        {
            using var ranks = new Communicator(end);
            var values = new float[Summed];
            fixed (float* data = values)
            {
                var at = data;
                return Best(2.0 * Summed * sizeof(float), () => ranks.AllReduce(at, Summed));
            }
        }
        var both = InProcessTransport.Create(2).Select(end => Task.Factory.StartNew(() => Sum(end), TaskCreationOptions.LongRunning)).ToArray();
        return both.Min(rank => rank.Result);
    }

    // In 10^9 a second, of the quickest round: the others were disturbed.
    private static double Best(double work, Action round)
    {
        var best = TimeSpan.MaxValue;
        for (var i = 0; i <= Rounds; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            round();
            if (i > 0 && Stopwatch.GetElapsedTime(begun) is var time && time < best) best = time;
        }
        return work / best.TotalSeconds / 1e9;
    }
}
