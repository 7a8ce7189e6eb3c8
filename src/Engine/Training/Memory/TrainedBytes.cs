using System.Numerics;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// What a rank comes to hold in training besides the model and activations, in bytes, before any of it is there.
/// </summary>
internal sealed class TrainedBytes
{
    // of a parameter's bytes: what the optimiser keeps, and what a step of it takes
    private readonly double state, moment;
    private readonly long largest, sums;

    /// <param name="graph">The model.</param>
    /// <param name="options">How it is trained.</param>
    /// <param name="objective">Says what its targets are.</param>
    /// <param name="isWhole">The optimiser is the user's: nothing is known of its state.</param>
    /// <param name="isAveraged">A moving average of the parameters is kept.</param>
    /// <param name="ranks">All of them.</param>
    public TrainedBytes(Graph graph, TrainerOptions options, IObjective objective, bool isWhole, bool isAveraged,
        int ranks)
    {
        var parameters = graph.parameters().DistinctBy(p => p.Identity()).ToArray();
        var trained = parameters.Where(p => p.requires_grad).Select(Bytes).ToArray();
        (Gradients, largest) = (trained.Sum(), trained.DefaultIfEmpty(0).Max());
        (state, moment) = isWhole ? (2, 2) : OfOptimizer(options);
        Average = isAveraged ? parameters.Sum(Bytes) : 0;
        // One tree of sums over a rank's shards (ShardTree), of gradients and of running statistics.
        if (options.Deterministic)
            sums = BitOperations.Log2((uint)Math.Max(1, options.Shards / ranks))
            * (Gradients + graph.buffers().Sum(Bytes));
        using var scope = NewDisposeScope();
        Sample = graph.Inputs.Sum(v => v.Bytes(1)) + objective.SyntheticTargets(graph.Outputs, 1).Sum(Bytes);
        IsDeterministic = options.Deterministic;
    }

    /// <summary>Of all trained parameters.</summary>
    public long Gradients { get; }
    /// <summary>What the optimiser keeps.</summary>
    public long State => (long)(state * Gradients);
    /// <summary>The moving average of the parameters.</summary>
    public long Average { get; }
    /// <summary>One sample of a batch, inputs and targets.</summary>
    public long Sample { get; }

    private bool IsDeterministic { get; }

    /// <summary>Gradients, state, and copies of either.</summary>
    /// <param name="zero">What ranks divide: 1 the state, 2 the gradients too. With 3 the parameters count as whole: no more than they need is promised.</param>
    /// <param name="ranks">All of them.</param>
    public long Held(int zero, int ranks)
        => Gradients / (zero >= 2 ? ranks : 1) + State / (zero > 0 ? ranks : 1) + Average + sums;

    /// <summary>
    /// What is needed while no activations are there: for the optimiser's step, for a parameter that is swapped with
    /// its average, for the sum of a shard.
    /// </summary>
    public long Moment
        => Math.Max((long)(Math.Max(Average > 0 ? 1 : 0, moment) * largest), IsDeterministic ? Gradients : 0);

    /// <summary>
    /// The batches that are at hand: a rank's share of a step's samples, two parts of it that have been read, and one
    /// that is being read.
    /// </summary>
    public long Batches(int share, int parts) => Sample * (share + 3 * (share / parts));

    /// <summary>What the optimiser adds when parameters of so many bytes are trained besides.</summary>
    public long More(long bytes) => (long)(bytes * (1 + state));

    private static long Bytes(Tensor tensor) => tensor.numel() * tensor.element_size();

    // An optimiser of the same kind tells by a step of a small parameter.
    private static (double State, double Moment) OfOptimizer(TrainerOptions options)
    {
        using var optimizer = OptimizerList.Create(options.Optimizer, options.Momentum, options.WeightDecay);
        using var parameter = new TorchSharp.Modules.Parameter(zeros(64, 64));
        using var gradient = zeros_like(parameter);
        var (meter, bytes) = (MemoryMeter.Current, (double)Bytes(parameter));
        optimizer.Begin();
        var before = meter.LiveBytes;
        meter.ResetPeak();
        optimizer.Step("probe", parameter, gradient, 0);
        return (optimizer.StateBytes / bytes, (meter.PeakBytes - before - optimizer.StateBytes) / bytes);
    }
}
