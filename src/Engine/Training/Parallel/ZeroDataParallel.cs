using Interactive.Collectives;
using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Data parallelism with one optimiser divided among the ranks (ZeRO; Rajbhandari et al. 2020): each steps its part of
/// every bucket. In CPU memory.
/// </summary>
/// <param name="stage">1: the optimiser's state is divided, and each rank gathers the others' parameters; 2: a rank keeps
/// only its part of the gradients, too; 3: and of the parameters, or the ranks share one copy of them where they are on one
/// host.</param>
public sealed class ZeroDataParallel(int stage) : DataParallel, IParallelStrategy, IDividesOptimizer
{
    private readonly bool dividesGradients = stage switch
    {
        1 => false,
        2 or 3 => true,
        _ => throw new UsageException($"there is no ZeRO stage {stage}: choose 1, 2 or 3")
    };
    private ParameterMemory? parameters;
    private ShardedOptimizer? shards;

    IDividedState? IDividesOptimizer.Shards => shards;

    private protected override bool SharesPool => !dividesGradients;

    private protected override bool HoldsWhole => stage < 3;

    /// <inheritdoc/>
    public override void Setup(StrategyContext context)
    {
        if (context.Device.type != TorchSharp.DeviceType.CPU)
            throw new UsageException($"--zero {stage} works in CPU memory, not on {context.Device}: use --zero 0");
        context.Optimizer.RequireElementWise($"--zero {stage}");
        using var scope = NewDisposeScope();
        parameters?.Gather(); // other memory is theirs in a moment
        base.Setup(context);
        parameters = stage < 3 ? new WholeParameters(context.World, Pool)
            : (ParameterMemory?)OneCopy.TryMake(context.World, Pool) ?? new GatheredParameters(context.World, Pool, Reducer.Buckets, Fusion.Fuse(context.Graph), context.Executor);
        shards = new ShardedOptimizer(context.World, Pool, Reducer.Buckets, parameters);
    }

    string? IParallelStrategy.Description => parameters?.Description;

    string? IParallelStrategy.Conclude() => parameters?.Conclusion;

    /// <summary>Bytes of parameters that this rank was said to hold at most in a step, and held in its first; null where it has all, or shares them.</summary>
    internal (long Predicted, long Measured)? ParameterBytes
        => parameters is GatheredParameters gathered ? (gathered.PredictedBytes, gathered.PeakBytes) : null;

    void IParallelStrategy.Gather() => parameters?.Gather();

    internal override void Begin() => parameters!.Begin();

    internal override void Skip() => parameters!.Skip();

    private protected override void BeforeSteps() => parameters!.BeforeSteps();

    private protected override void Finish() => parameters!.Finish();

    private protected override double Norm()
        => throw new UsageException("a gradient norm needs all gradients on one rank: use no --zero with it");

    private protected override void Update(PoolBucket bucket, double learningRate)
    {
        shards!.Step(bucket, Context.Optimizer, learningRate, Unused);
        if (dividesGradients) Pool.Discard(bucket.Start, bucket.Count);
    }

    private protected override void Release()
    {
        parameters?.Dispose();
        (parameters, shards) = (null, null);
        base.Release();
    }
}
