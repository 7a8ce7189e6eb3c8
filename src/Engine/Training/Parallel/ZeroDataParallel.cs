using Interactive.Collectives;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Data parallelism with one optimiser divided among the ranks (ZeRO; Rajbhandari et al. 2020): each steps its part of
/// every bucket and gathers the others' parameters. In CPU memory.
/// </summary>
/// <param name="stage">1: the optimiser's state is divided; 2: a rank keeps only its part of the gradients,
/// too.</param>
public sealed class ZeroDataParallel(int stage) : DataParallel, IDividesOptimizer
{
    private readonly bool dividesGradients = stage switch
    {
        1 => false,
        2 => true,
        _ => throw new UsageException($"there is no ZeRO stage {stage}: choose 1 or 2")
    };
    private ShardedOptimizer? shards;

    IDividedState? IDividesOptimizer.Shards => shards;

    private protected override bool SharesPool => !dividesGradients;

    /// <inheritdoc/>
    public override void Setup(StrategyContext context)
    {
        if (context.Device.type != TorchSharp.DeviceType.CPU)
            throw new UsageException($"--zero {stage} works in CPU memory, not on {context.Device}: use --zero 0");
        context.Optimizer.RequireElementWise($"--zero {stage}");
        using var scope = NewDisposeScope();
        var optimizer = context.Optimizer;
        var (kept, late) = (shards?.Whole(optimizer).ToDictionary(e => e.Name, e => e.Read()), optimizer.LateCounts);
        base.Setup(context);
        shards = new ShardedOptimizer(context.World, Pool, Reducer.Buckets);
        if (kept is null) return;
        // Other parts may be this rank's now.
        var mine = kept.Keys.Where(key => Own(key) is not null);
        optimizer.Restore([.. mine],
            key => kept[key].flatten().narrow(0, Own(key)!.Value.From, Own(key)!.Value.Count).clone(), optimizer.Steps,
            late, context.Device);
        (long From, long Count)? Own(string key) => shards.Own(key[..key.LastIndexOf('/')]);
    }

    private protected override double Norm()
        => throw new UsageException("a gradient norm needs all gradients on one rank: use no --zero with it");

    private protected override void Update(PoolBucket bucket, double learningRate)
    {
        shards!.Step(bucket, Context.Optimizer, learningRate, Unused);
        if (dividesGradients) Pool.Discard(bucket.Start, bucket.Count);
    }

    private protected override void Release()
    {
        shards?.Dispose();
        shards = null;
        base.Release();
    }
}
