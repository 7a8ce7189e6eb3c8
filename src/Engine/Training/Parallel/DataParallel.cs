using Interactive.Collectives;
using Interactive.Data;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Every rank holds the whole model and runs its part of the batch; gradients are averaged over the ranks while
/// backward still runs, bucket by bucket (Li et al. 2020).
/// </summary>
public class DataParallel : IParallelStrategy
{
    private StrategyContext? context;
    private GradientPool? pool;
    private OverlappedReducer? reducer;
    private UnusedParameters? unused;

    /// <summary>Parts in which a rank works off its share of a batch, adding gradients; default 1.</summary>
    public int Accumulate { get; init; } = 1;
    /// <summary>Reduce gradients while backward still runs; default true. Off gives the same bits.</summary>
    public bool Overlap { get; init; } = true;
    /// <summary>
    /// Least bytes of gradients that are reduced together; default 4 MiB. Any value gives the same bits.
    /// </summary>
    public long BucketBytes { get; init; } = 4 << 20;

    /// <summary>
    /// Set where the micro-batches have the same bits at any number of ranks: sums follow one tree, and are no means.
    /// </summary>
    internal bool IsDeterministic { get; init; }
    internal GradientPool Pool => pool ?? throw new InvalidOperationException("Setup comes first");
    internal UnusedParameters Unused => unused ?? throw new InvalidOperationException("Setup comes first");
    internal OverlappedReducer Reducer => reducer ?? throw new InvalidOperationException("Setup comes first");
    private protected StrategyContext Context => context ?? throw new InvalidOperationException("Setup comes first");

    /// <inheritdoc/>
    public int MicroBatches(int batchSize, int ranks) => batchSize % (ranks * Accumulate) == 0 ? ranks * Accumulate
        : throw new UsageException($"--batch-size {batchSize} must be divisible by {ranks} ranks x {Accumulate} micro-batches");

    /// <inheritdoc/>
    public virtual void Setup(StrategyContext context)
    {
        Release();
        this.context = context;
        var names = context.Parameters.ToDictionary(p => p.Parameter.Identity(), p => p.Name);
        pool = new GradientPool(context.Executor.BackwardOrder.Concat(HoldsWhole ? UnusedParameters.OutsideOf(context.Graph) : []), SharesPool ? context.World : null,
            parameter => names.GetValueOrDefault(parameter.Identity(), "parameter"));
        unused = new UnusedParameters(context.Graph, [context.Executor], pool);
        reducer = new OverlappedReducer(context.World, pool, new ReducerOptions
        {
            Average = !IsDeterministic, // its shards have scaled theirs already
            AllReduce = IsDeterministic ? new AllReduceOptions { Deterministic = true } : null,
            Scatter = !SharesPool,
            Overlap = Overlap,
            BucketBytes = BucketBytes,
            FirstBucketBytes = Math.Min(BucketBytes, 1 << 20),
        });
    }

    /// <summary>Before the first micro-batch of a step.</summary>
    internal virtual void Begin() { }

    /// <summary>In place of a micro-batch of which no label counts.</summary>
    internal virtual void Skip() { }

    /// <summary>Before the first bucket of a step.</summary>
    private protected virtual void BeforeSteps() { }

    /// <summary>After the last bucket of a step.</summary>
    private protected virtual void Finish() { }

    /// <summary>Whether every rank has all parameters at any time, and so in a loss.</summary>
    private protected virtual bool HoldsWhole => true;

    /// <summary>Whether every rank needs the whole gradient.</summary>
    private protected virtual bool SharesPool => true;

    /// <inheritdoc/>
    public double Backward(IReadOnlyList<Batch> batches, StepWeights weights, long step)
    {
        var executor = Context.Executor;
        if (SharesPool) Pool.Zero();
        else Pool.Attach(); // the step before has left zeros
        var loss = 0.0;
        Begin();
        executor.GradientReady += Unused.Ready;
        try
        {
            for (var part = 0; part < batches.Count; part++)
            {
                if (part == batches.Count - 1)
                {
                    Reducer.Begin();
                    executor.GradientReady += Reducer.Ready;
                }
                var factor = weights.Factor(part);
                if (factor == 0) // no label counts: the mean of nothing
                {
                    Skip();
                    continue;
                }
                Unused.Watch();
                using var batch = batches[part].CopyTo(Context.Device);
                loss += executor.Step(batch.Inputs, batch.Targets, factor / batches.Count) * factor / batches.Count;
            }
        }
        finally
        {
            executor.GradientReady -= Reducer.Ready;
            executor.GradientReady -= Unused.Ready;
        }
        Unused.Agree(Context.World);
        return Collective.Mean(Context.World, loss);
    }

    /// <inheritdoc/>
    public double? Update(double learningRate, double? largestNorm)
    {
        double? norm = null;
        if (largestNorm is { } largest)
        {
            Reducer.Wait();
            norm = Norm();
            if (norm > largest) Scale(largest / (norm.Value + 1e-6));
        }
        // Without a norm, which needs all gradients first, each bucket is stepped while later ones are on their way.
        Context.Optimizer.Begin();
        BeforeSteps();
        foreach (var bucket in norm is null ? Reducer.Landed() : Reducer.Buckets) Update(bucket, learningRate);
        Finish();
        return norm;
    }

    private protected virtual double Norm()
    {
        using var norm = Pool.Buffer.norm();
        return norm.item<float>();
    }

    private void Scale(double factor)
    {
        using var noGrad = no_grad();
        using var scalar = Scalars.Of(factor);
        Pool.Buffer.mul_(scalar);
    }

    private protected virtual void Update(PoolBucket bucket, double learningRate)
    {
        foreach (var range in bucket.Ranges)
        {
            if (Unused.Contains(range)) continue;
            using var gradient = range.Parameter.grad;
            if (gradient is not null) Context.Optimizer.Step(range.Name, range.Parameter, gradient, learningRate);
        }
    }

    private protected virtual void Release()
    {
        reducer?.Dispose();
        pool?.Dispose();
        (reducer, pool) = (null, null);
    }

    /// <summary>Ends the communication thread and frees the gradients.</summary>
    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }
}
