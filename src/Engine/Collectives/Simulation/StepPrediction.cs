namespace Interactive.Collectives.Simulation;

/// <summary>
/// Predicts a training step with overlap: buckets of gradients become ready while backward runs, one after another is
/// all-reduced on the communication thread, and only what lasts longer than backward is seen.
/// </summary>
/// <param name="Compute">Seconds of forward and backward.</param>
/// <param name="Buckets">Seconds from the step's start until a bucket is ready, and its floats, in the order of
/// readiness.</param>
public sealed record StepPrediction(double Compute, IReadOnlyList<(double Ready, long Count)> Buckets)
{
    /// <summary>Seconds of a step: the later of backward's end and the last bucket's arrival.</summary>
    /// <param name="allReduce">Seconds to all-reduce so many floats.</param>
    public double Seconds(Func<long, double> allReduce)
    {
        var free = 0.0;
        foreach (var (ready, count) in Buckets) free = Math.Max(ready, free) + allReduce(count);
        return Math.Max(Compute, free);
    }

    /// <summary>Weak-scaling efficiency: the step's time on one rank over its time with communication.</summary>
    public double Efficiency(Func<long, double> allReduce) => Compute / Seconds(allReduce);

    /// <summary>
    /// Divides gradients into buckets as <see cref="OverlappedReducer"/> does.
    /// </summary>
    /// <param name="compute">Seconds of forward and backward.</param>
    /// <param name="gradients">When each gradient is ready, and its floats, in the order of readiness.</param>
    /// <param name="options">Sizes of buckets.</param>
    public static StepPrediction Of(double compute, IEnumerable<(double Ready, long Count)> gradients,
        ReducerOptions? options = null)
    {
        options ??= new ReducerOptions();
        var buckets = new List<(double, long)>();
        long count = 0;
        double last = 0;
        foreach (var (ready, floats) in gradients)
        {
            (count, last) = (count + floats, ready);
            if (count * sizeof(float) < (buckets.Count == 0 ? options.FirstBucketBytes : options.BucketBytes)) continue;
            buckets.Add((ready, count));
            count = 0;
        }
        if (count > 0) buckets.Add((last, count));
        return new StepPrediction(compute, buckets);
    }
}
