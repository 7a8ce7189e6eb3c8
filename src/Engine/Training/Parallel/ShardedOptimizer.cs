using System.Runtime.InteropServices;
using Interactive.Collectives;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// ZeRO on the pool: parameters lie in one buffer with the gradients' layout, each rank steps its part of every bucket with
/// the optimiser state of that part only, and gathers the parts of the others.
/// </summary>
internal sealed unsafe class ShardedOptimizer : IDisposable
{
    private readonly ICommunicator world;
    private readonly GradientPool pool;
    private readonly float* data;
    private readonly Tensor parameters;
    private readonly Dictionary<string, (PoolRange Range, long Low, long High)> own = []; // places in the pool

    /// <summary>Moves the parameters into a buffer of their own; collective.</summary>
    public ShardedOptimizer(ICommunicator world, GradientPool pool, IEnumerable<PoolBucket> buckets)
    {
        (this.world, this.pool) = (world, pool);
        data = world.Allocate(pool.Length);
        parameters = TensorBlob.Wrap(data, pool.Length);
        using var noGrad = no_grad();
        foreach (var range in pool.Ranges)
        {
            using var scope = NewDisposeScope();
            var view = parameters.narrow(0, range.Start, range.Count).view(range.Parameter.shape);
            view.copy_(range.Parameter);
            Aten.SetData(range.Parameter, view);
        }
        foreach (var bucket in buckets)
        {
            var part = world.Part(world.Rank, bucket.Count);
            foreach (var range in bucket.Ranges)
            {
                var (low, high) = (Math.Max(range.Start, bucket.Start + part.Low), Math.Min(range.Start + range.Count, bucket.Start + part.High));
                if (low < high) own[range.Name] = (range, low, high);
            }
        }
    }

    /// <summary>Steps this rank's part of a bucket and gathers the rest; collective.</summary>
    public void Step(PoolBucket bucket, Optimizer optimizer, double learningRate, UnusedParameters unused)
    {
        foreach (var range in bucket.Ranges)
        {
            if (!own.TryGetValue(range.Name, out var mine) || unused.Contains(range)) continue;
            using var parameter = parameters.narrow(0, mine.Low, mine.High - mine.Low);
            using var gradient = pool.Buffer.narrow(0, mine.Low, mine.High - mine.Low);
            optimizer.Step(range.Name, parameter, gradient, learningRate);
        }
        world.AllGather(data + bucket.Start, bucket.Count, bucket.Ranges[0].Name);
    }

    /// <summary>The optimiser state of all ranks, shaped like the parameters, as a run without parts would have it; collective. In the caller's dispose scope.</summary>
    public IReadOnlyDictionary<string, Tensor> Gather(Optimizer optimizer)
    {
        var kinds = optimizer.State.Keys.Select(key => key[(key.LastIndexOf('/') + 1)..]).Distinct();
        var all = world.AllGather(System.Text.Encoding.UTF8.GetBytes(string.Join(' ', kinds)))
            .SelectMany(text => System.Text.Encoding.UTF8.GetString(text).Split(' ', StringSplitOptions.RemoveEmptyEntries)).Distinct().Order(StringComparer.Ordinal).ToList();
        var whole = new Dictionary<string, Tensor>();
        foreach (var range in pool.Ranges)
            foreach (var kind in all)
            {
                var parts = world.AllGather(optimizer.State.TryGetValue($"{range.Name}/{kind}", out var mine) ? mine.bytes : []);
                var values = parts.SelectMany(part => MemoryMarshal.Cast<byte, float>(part).ToArray()).ToArray(); // ranks own ascending parts
                if (values.Length > 0) whole[$"{range.Name}/{kind}"] = tensor(values, range.Parameter.shape);
            }
        return whole;
    }

    /// <summary>This rank's part of a whole state. In the caller's dispose scope.</summary>
    public Dictionary<string, Tensor> Own(IReadOnlyDictionary<string, Tensor> whole)
    {
        var parts = new Dictionary<string, Tensor>();
        foreach (var (key, value) in whole)
            if (own.TryGetValue(key[..key.LastIndexOf('/')], out var mine))
                parts[key] = value.flatten().narrow(0, mine.Low - mine.Range.Start, mine.High - mine.Low);
        return parts;
    }

    /// <summary>Gives the parameters memory of their own again.</summary>
    public void Dispose()
    {
        using var noGrad = no_grad();
        foreach (var range in pool.Ranges)
        {
            using var copy = range.Parameter.detach().clone();
            Aten.SetData(range.Parameter, copy);
        }
        parameters.Dispose();
        world.Release(data);
    }
}
