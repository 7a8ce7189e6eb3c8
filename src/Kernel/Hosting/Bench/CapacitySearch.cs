using System.Text.Json;
using Interactive.Graphs;

namespace Interactive.Kernel.Hosting.Bench;

/// <summary>
/// Finds the largest batch that is really trained inside a memory: each trial is a process in a memory cgroup, which
/// ends well or does not.
/// </summary>
/// <param name="memoryBytes">The cgroup's limit.</param>
/// <param name="precision">The search ends when the bounds differ by less than this share.</param>
/// <param name="patience">What a trial may take. One that just fits may read its own code from the disk again and again.</param>
/// <param name="say">Told each trial.</param>
internal sealed class CapacitySearch(long memoryBytes, double precision, TimeSpan patience, Action<string> say)
{
    /// <summary>What did not fit: a trial's exit code.</summary>
    public const int TooMuch = 3;
    private const double Stride = 1.25;

    /// <summary>
    /// The largest batch of a contestant, with what its steps took; 0 where not even one sample fits.
    /// </summary>
    /// <param name="guess">Where to begin.</param>
    /// <param name="trial">Makes one.</param>
    public static (int Batch, CapacityTrial.Result? Result) Largest(int guess, double precision,
        Func<int, CapacityTrial.Result?> trial)
    {
        var (fits, fails, best) = (0, int.MaxValue, default(CapacityTrial.Result));
        for (var batch = Math.Max(1, guess); fails - fits > Math.Max(1, precision * fits);)
        {
            if (trial(batch) is { } result) (fits, best) = (batch, result);
            else fails = batch;
            batch = fails == int.MaxValue ? Math.Max(batch + 1, (int)(batch * Stride))
                : fits == 0 ? (int)(batch / Stride) : (fits + fails) / 2;
            if (batch == 0) break;
        }
        return (fits, best);
    }

    /// <summary>Of one of our contestants.</summary>
    public (int Batch, CapacityTrial.Result? Result) OfOurs(string contestant, Graph graph, IReadOnlyList<string> model,
        int guess) => Largest(guess, precision, batch =>
        Told(contestant, graph, batch,
            group
            => MemoryGroup.End(group.Start(null,
            ["bench", "capacity", .. model, "--trial", contestant, "--batch", $"{batch}"]))));

    /// <summary>
    /// Of PyTorch's <c>checkpoint_sequential</c>, with the number of segments that takes the fewest bytes.
    /// </summary>
    public (int Batch, CapacityTrial.Result? Result) OfPyTorch(Graph graph, int guess)
    {
        var segments = PyTorchPeer.Measure(graph, 2, 1).Checkpoints.MinBy(c => c.PeakBytes)?.Segments ?? 2;
        return Largest(guess, precision,
            batch
            => Told("pytorch-checkpoint", graph, batch, group => PyTorchPeer.Train(graph, batch, segments, group)));
    }

    private CapacityTrial.Result? Told(string contestant, Graph graph, int batch,
        Func<MemoryGroup, (int Exit, string Out, string Error)> run)
    {
        using var group = new MemoryGroup(memoryBytes);
        var isLate = false;
        using var timer = new Timer(_ =>
        {
            isLate = true;
            group.Kill();
        }, null, patience, Timeout.InfiniteTimeSpan);
        var (exit, output, error) = run(group);
        say($"{graph.Name} {contestant}: {batch} samples {(exit == 0 ? "fit" : isLate ? $"take more than {patience.TotalSeconds:F0} s" : group.Killed > 0 ? "get the process killed" : "do not fit")}");
        if (exit == 0)
            return JsonSerializer.Deserialize<CapacityTrial.Result>(output.TrimEnd().Split('\n')[^1],
            JsonSerializerOptions.Web);
        return exit == TooMuch || isLate || group.Killed > 0 ? null : throw new UsageException($"{contestant} of {graph.Name} with {batch} samples ended with {exit}: {error.TrimEnd().Split('\n')[^1]}");
    }
}
