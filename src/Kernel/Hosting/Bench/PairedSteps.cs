using System.Diagnostics;
using System.Security.Cryptography;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Runtime;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Kernel.Hosting.Bench;

/// <summary>One way to run a step, with what was measured of it.</summary>
internal sealed class Contestant(string name, Func<Tensor, Tensor, double> step)
{
    public string Name => name;
    public Func<Tensor, Tensor, double> Step => step;
    public List<double> Seconds { get; } = [];
    /// <summary>Bytes above those live before the step.</summary>
    public long PeakBytes { get; set; }
    /// <summary>Loss and a hash over all gradients, of the last round.</summary>
    public string Bits { get; set; } = "";
    public double Median => Durations.Median(Seconds);
    /// <summary>Median over the rounds of this one's time divided by the other's in the same round.</summary>
    public double Against(Contestant other)
        => Seconds.Zip(other.Seconds, (a, b) => a / b).Order().ElementAt(Seconds.Count / 2);
}

/// <summary>
/// Runs several ways of making a training step in turn, round by round, so that a machine whose speed drifts treats
/// them alike. Within rounds each follows each other one equally often: what a step finds in the caches and in the heap
/// is what the one before has left. Same input, same seed, same allocator.
/// </summary>
internal static class PairedSteps
{
    public static void Run(Graph graph, int batch, int rounds, params Contestant[] contestants)
    {
        var (input, target) = SyntheticBatch.For(graph, batch);
        using var _ = input;
        using var __ = target;
        var (device, meter) = (input.device, MemoryMeter.For(input.device));
        graph.train();
        for (var round = 0; round <= rounds; round++)
            foreach (var turn in Order(round, contestants.Length))
            {
                var contestant = contestants[turn];
                ZeroGradients(graph);
                Devices.ManualSeed(round); // dropout
                var before = meter.LiveBytes;
                meter.ResetPeak();
                Devices.Synchronize(device);
                var started = Stopwatch.GetTimestamp();
                var loss = contestant.Step(input, target);
                Devices.Synchronize(device);
                var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
                if (round == 0) continue; // warm-up: gradients come into being
                contestant.Seconds.Add(seconds);
                contestant.PeakBytes = meter.PeakBytes - before;
                if (round == rounds) contestant.Bits = $"{loss:R} {Hash(graph)}";
            }
    }

    /// <summary>
    /// Who runs when in a round: 0, 1, n - 1, 2, n - 2, … and the round added to each (Williams 1949), backwards in
    /// every other n rounds where n is odd.
    /// </summary>
    internal static IEnumerable<int> Order(int round, int count)
    {
        var turns = Enumerable.Range(0, count).Select(i => (i % 2 == 1 ? (i + 1) / 2 : count - i / 2) % count)
            .Select(i => (i + round) % count);
        return count % 2 == 1 && round / count % 2 == 1 ? turns.Reverse() : turns;
    }

    /// <summary>Autograd over the whole graph, every intermediate disposed right after its last use.</summary>
    public static Contestant Plain(Graph graph) => new("plain", (x, y) =>
    {
        using var output = graph.forward(x);
        using var loss = Losses.CrossEntropy(output, y);
        loss.backward();
        return loss.item<float>();
    });

    /// <summary>
    /// Autograd inside one dispose scope, as TorchSharp is usually written: every intermediate lives until the step
    /// ends.
    /// </summary>
    public static Contestant Scoped(Graph graph) => new("scoped", (x, y) =>
    {
        using var scope = NewDisposeScope();
        var run = MixedGraph.Of(graph);
        var values = new Tensor[run.Nodes.Count + 1];
        values[0] = x;
        foreach (var node in run.Nodes)
            values[node.Output.Id] = node.Op.Forward([.. node.Inputs.Select(v => values[v.Id])],
                new RunMode(Training: true));
        var loss = Losses.CrossEntropy(values[run.Output.Id], y);
        loss.backward();
        return loss.item<float>();
    });

    /// <summary>The executor under a schedule.</summary>
    public static Contestant Planned(string name, Executor executor) => new(name, (x, y) => executor.Step(x, y));

    private static void ZeroGradients(Graph graph)
    {
        using var scope = NewDisposeScope();
        foreach (var parameter in graph.parameters()) parameter.grad?.zero_();
    }

    private static string Hash(Graph graph)
    {
        using var scope = NewDisposeScope();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (_, parameter) in graph.named_parameters())
            if (parameter.grad is { } gradient) hash.AppendData(gradient.contiguous().cpu().bytes);
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}
