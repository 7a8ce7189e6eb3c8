using System.Runtime.InteropServices;
using Interactive.Collectives;
using Interactive.Data;
using Interactive.Execution;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Loss and metrics over a set of samples, each rank taking every so manieth batch; the same bits for any number of
/// ranks.
/// </summary>
internal sealed class Evaluation(ICommunicator world, IBatchSource data, BatchFit fit, IObjective objective,
    IReadOnlyList<IMetric> metrics, int batchSize, LoaderOptions loading)
{
    private readonly Loader loader = new(data, loading);

    /// <summary>Mean loss and metrics of the model as it is. Collective.</summary>
    /// <exception cref="UsageException">A sample cannot be read or does not fit; on every rank.</exception>
    public (double Loss, IReadOnlyDictionary<string, double> Metrics) Run(Executor executor, Device device)
    {
        var mine = new List<double>(); // the sums of each batch: of loss times weight, of weight, then of each metric
        string? error = null;
        try
        {
            foreach (var batch in loader.Read(Samples(), arrange: (batch, samples) => fit.Take(batch, data, samples)))
                mine.AddRange(Sums(batch, executor, device));
        }
        catch (UsageException e) { error = e.Message; }
        Agreement.Throw(world, error);
        var sums = InBatchOrder(mine);
        var values = new Dictionary<string, double>();
        var at = 2;
        for (var i = 0; i < metrics.Count; i++)
        {
            values[metrics[i].Name] = metrics[i].Value(sums.AsSpan(at, widths[i]));
            at += widths[i];
        }
        return (sums[0] / sums[1], values);
    }

    private readonly int[] widths = new int[metrics.Count];

    private IEnumerable<int[]> Samples()
    {
        for (var at = world.Rank * batchSize; at < data.Count; at += world.Size * batchSize)
            yield return [.. Enumerable.Range(at, Math.Min(batchSize, data.Count - at))];
    }

    private List<double> Sums(Batch batch, Executor executor, Device device)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var weight = objective.Weight(batch.Targets);
        using var moved = batch.MoveTo(device);
        var outputs = executor.Infer(moved.Inputs);
        List<double> sums = [weight == 0 ? 0
            : objective.Value(outputs, moved.Targets).to_type(ScalarType.Float64).item<double>() * weight, weight];
        var labels = metrics.Count > 0 ? objective.ForMetrics(moved.Targets) : [];
        for (var i = 0; i < metrics.Count; i++)
        {
            var ofMetric = metrics[i].Sums(outputs, labels);
            widths[i] = ofMetric.Length;
            sums.AddRange(ofMetric);
        }
        foreach (var output in outputs) output.Dispose();
        return sums;
    }

    // Batch i was rank i % size's: added in the order of batches, the sums do not depend on the number of ranks.
    private double[] InBatchOrder(List<double> mine)
    {
        // Rank 0 has run the first batch, and knows how many sums there are.
        MemoryMarshal.Cast<byte, int>(world.AllGather(MemoryMarshal.AsBytes<int>(widths))[0]).CopyTo(widths);
        var width = 2 + widths.Sum();
        var parts =
            world.AllGather(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(mine)))
            .Select(part => MemoryMarshal.Cast<byte, double>(part).ToArray()).ToArray();
        var total = new double[width];
        for (var batch = 0; width * (batch / world.Size) < parts[batch % world.Size].Length; batch++)
        {
            var part = parts[batch % world.Size].AsSpan(width * (batch / world.Size), width);
            (total[0], total[1]) = (total[0] + part[0], total[1] + part[1]);
            for (int i = 0, at = 2; i < metrics.Count; at += widths[i++]) metrics[i].Add(total.AsSpan(at, widths[i]), part.Slice(at, widths[i]));
        }
        return total;
    }
}
