using Interactive.Collectives;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// ZeRO on the pool: parameters lie in one buffer with the gradients' layout, and each rank steps its part of every
/// bucket with the optimiser state of that part only.
/// </summary>
internal sealed class ShardedOptimizer : IDividedState
{
    private readonly ICommunicator world;
    private readonly GradientPool pool;
    private readonly ParameterMemory parameters;
    private readonly Dictionary<string, (PoolRange Range, long Low, long High)> own = []; // places in the pool

    /// <param name="world">The ranks.</param>
    /// <param name="pool">The gradients.</param>
    /// <param name="buckets">Each of which is divided among the ranks.</param>
    /// <param name="parameters">Where the parameters are; stays the caller's.</param>
    public ShardedOptimizer(ICommunicator world, GradientPool pool, IEnumerable<PoolBucket> buckets,
        ParameterMemory parameters)
    {
        (this.world, this.pool, this.parameters) = (world, pool, parameters);
        foreach (var bucket in buckets)
        {
            var part = world.Part(world.Rank, bucket.Count);
            foreach (var range in bucket.Ranges)
            {
                var (low, high) = (Math.Max(range.Start, bucket.Start + part.Low),
                    Math.Min(range.Start + range.Count, bucket.Start + part.High));
                if (low < high) own[range.Name] = (range, low, high);
            }
        }
    }

    /// <summary>Steps this rank's part of a bucket; collective.</summary>
    public void Step(PoolBucket bucket, Optimizer optimizer, double learningRate, UnusedParameters unused)
    {
        foreach (var range in bucket.Ranges)
        {
            if (!own.TryGetValue(range.Name, out var mine) || unused.Contains(range)) continue;
            using var parameter = parameters.Range(mine.Low, mine.High - mine.Low);
            using var gradient = pool.Buffer.narrow(0, mine.Low, mine.High - mine.Low);
            optimizer.Step(range.Name, parameter, gradient, learningRate);
        }
        parameters.Stepped(bucket);
    }

    /// <inheritdoc/>
    public IReadOnlyList<TensorEntry> Whole(Optimizer optimizer)
    {
        // Which state there is on any rank: those are equal for every parameter that has been stepped.
        var keys = world.AllGather(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', optimizer.State.Keys)))
            .SelectMany(
            text => System.Text.Encoding.UTF8.GetString(text).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .ToHashSet();
        return [.. pool.Ranges.SelectMany(range => keys.Where(key => IDividedState.ParameterOf(key) == range.Name)
            .Select(key => new TensorEntry(key, ScalarType.Float32, range.Parameter.shape,
            () => Gather(optimizer, key, range.Parameter.shape)))),
            .. optimizer.State.Where(s => !IsDivided(IDividedState.ParameterOf(s.Key))).OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => TensorEntry.Of(s.Key, s.Value))];
    }

    private Tensor Gather(Optimizer optimizer, string key, long[] shape)
    {
        // ranks own ascending parts
        var parts = world.AllGather(optimizer.State.TryGetValue(key, out var mine) ? mine.bytes : []);
        var whole = empty(shape);
        var to = whole.bytes;
        foreach (var part in parts)
        {
            part.CopyTo(to);
            to = to[part.Length..];
        }
        return whole;
    }

    /// <inheritdoc/>
    public (long From, long Count)? Own(string name)
        => own.TryGetValue(name, out var mine) ? (mine.Low - mine.Range.Start, mine.High - mine.Low)
            : IsDivided(name) ? null : (0, -1);

    // What is frozen for now is stepped by no rank, and each keeps all of its state until it thaws.
    private bool IsDivided(string name) => pool.Ranges.Any(range => range.Name == name);
}
