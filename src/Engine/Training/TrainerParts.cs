using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Monitoring;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// What a trainer is made of: the parts it was given, and for those it was not, what the options' texts say.
/// </summary>
internal sealed class TrainerParts : IDisposable
{
    private readonly IDisposable?[] made;

    public TrainerParts(TrainerOptions options, Graph graph, IBatchSource train, IBatchSource test,
        IObjective objective, IReadOnlyList<IMetric>? metrics, Optimizer? optimizer,
        LearningRate? learningRate, IParallelStrategy? strategy, IEnumerable<Hook>? hooks, IEnumerable<IRunLog>? logs)
    {
        Train = options.Augmentation is not { } augmentation ? train
            : train is IDataSource images ? images.Augmented(augmentation) : throw new UsageException($"--augmentation {augmentation} is for images with labels; let other data sets change their samples themselves");
        Test = test;
        Objective = objective;
        Metrics = metrics ?? (Objective is CrossEntropy ? [Training.Metrics.Accuracy] : []);
        foreach (var twice in Metrics.CountBy(m => m.Name).Where(m => m.Value > 1 || m.Key == "loss"))
            throw new UsageException($"two metrics are called {twice.Key}");
        // Beside which it stands in a line of metrics.jsonl.
        if (Metrics.FirstOrDefault(m => m.Name is "" or "kind" or "step" or "epoch") is { } taken)
            throw new UsageException($"a metric cannot be called '{taken.Name}': each line of a run's metrics has kind, step, epoch and loss");
        Optimizer = optimizer ?? OptimizerOf(options);
        LearningRate = learningRate ?? Schedules.Create(options.Schedule, options.LearningRate, options.WarmUp);
        Strategy = strategy ?? StrategyOf(options, graph, Optimizer.IsElementWise);
        var own = options.Ema > 0 ? new ExponentialMovingAverage(options.Ema) : null;
        if ((hooks ?? []).Count(h => h is ExponentialMovingAverage) + (own is null ? 0 : 1) > 1)
            throw new UsageException($"a run has one moving average of its weights: give {(own is null ? "one ExponentialMovingAverage" : "--ema, or an ExponentialMovingAverage among the hooks")}");
        Best = options.BestBy != "" ? options.BestBy : Metrics.Count > 0 ? Metrics[0].Name : "loss";
        if (Best != "loss" && Metrics.All(m => m.Name != Best)) throw new UsageException($"--best-by {Best}: choose {string.Join(", ", Metrics.Select(m => m.Name).Prepend("loss"))}");
        Hooks = [new NonFiniteGuard(), .. own is null ? Array.Empty<Hook>() : [own],
            .. options.Patience > 0 ? [new EarlyStopping(Best, options.Patience)] : Array.Empty<Hook>(),
            .. hooks ?? []];
        if (LearningRate.Target is Hook listens && !Hooks.Contains(listens)) Hooks = [.. Hooks, listens];
        Logs = [.. logs ?? []];
        made = [optimizer is null ? Optimizer : null, strategy is null ? Strategy : null, own];
    }

    public IBatchSource Train { get; }
    public IBatchSource Test { get; }
    public IObjective Objective { get; }
    public IReadOnlyList<IMetric> Metrics { get; }
    public Optimizer Optimizer { get; }
    public LearningRate LearningRate { get; }
    public IParallelStrategy Strategy { get; }
    public IReadOnlyList<Hook> Hooks { get; }
    public IReadOnlyList<IRunLog> Logs { get; }
    /// <summary>The metric that chooses the best model, or loss.</summary>
    public string Best { get; }

    /// <summary>
    /// What is minimised: what was given, or the default one; told of targets that are shares of classes where they
    /// take more memory than class numbers.
    /// </summary>
    /// <exception cref="UsageException">Label smoothing is asked for of another one.</exception>
    public static IObjective ObjectiveOf(TrainerOptions options, IObjective? given, Graph graph, IBatchSource train)
    {
        if (given is not null && options.LabelSmoothing > 0) throw new UsageException($"--label-smoothing {options.LabelSmoothing} is of the default objective: give it to {given.Name}");
        var objective = given ?? new CrossEntropy(options.LabelSmoothing);
        if (objective is not CrossEntropy entropy || train.Count == 0 || graph.Outputs is not [var output]) return objective;
        // those of an epoch: in evaluation nothing is mixed, and pairs are
        using var pair = SampleError.Read(train, [0, Math.Min(1, train.Count - 1)], epoch: 0, options.Seed);
        return pair.Targets is [var target] && target.is_floating_point() ? entropy.OfShares(output) : objective;
    }

    /// <summary>A model as the graph that it is, or traced with the first sample for example.</summary>
    /// <exception cref="UsageException">It cannot be traced.</exception>
    public static Graph GraphOf(nn.Module model, IBatchSource train, Device device)
    {
        if (model is Graph graph) return Trainable.Alive(graph);
        using var first = SampleError.Read(train, [0], null, 0).MoveTo(device);
        try { return Graph.Trace(model.to(device), first.Inputs); }
        catch (GraphException e) { throw new UsageException(e.Message); }
    }

    /// <summary>The optimiser that the options name.</summary>
    public static Optimizer OptimizerOf(TrainerOptions options)
        => OptimizerList.Create(options.Optimizer, options.Momentum, options.WeightDecay);

    /// <summary>What a run writes down of itself.</summary>
    public object Configuration(Graph graph, int ranks, bool higherIsBetter, TrainerOptions options) => new
    {
        model = graph.Name,
        parameters = graph.ParameterCount,
        ranks,
        objective = Objective.Name,
        metrics = Metrics.Select(m => m.Name),
        lowerIsBetter = Metrics.Where(m => !m.HigherIsBetter).Select(m => m.Name),
        bestBy = Best,
        higherIsBetter,
        samples = Train.Count,
        firstSample = Convert.ToHexStringLower(RanksAlike.Digest(Train)),
        options,
    };

    private static IParallelStrategy StrategyOf(TrainerOptions options, Graph graph, bool maySlice)
        => options.Layout.Length > 0
        ? new PipelineParallel(options.Layout, options.Stages, options.Memory.Length > 0 ? options.Memory : null, graph) { MaySlice = maySlice }
        : options.Deterministic
        ? new DeterministicDataParallel(options.Shards, options.Zero, options.Overlap, options.BucketBytes)
        : options.Zero > 0
        ? new ZeroDataParallel(options.Zero)
        {
            Accumulate = options.Accumulate,
            Overlap = options.Overlap,
            BucketBytes = options.BucketBytes,
        }
        : new DataParallel
        {
            Accumulate = options.Accumulate,
            Overlap = options.Overlap,
            BucketBytes = options.BucketBytes,
        };

    /// <summary>Frees what was made from options; what was given stays the giver's.</summary>
    public void Dispose()
    {
        foreach (var part in made.Reverse()) part?.Dispose();
    }
}
