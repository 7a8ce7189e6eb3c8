using System.Diagnostics;
using System.Runtime.InteropServices;
using Interactive.Collectives;
using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Monitoring;
using Interactive.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Trains a graph on one rank or many: the same script runs alone, under mpirun and on a cluster. All ranks begin with
/// rank 0's parameters and hold the same bits after every step.
/// </summary>
public sealed class Trainer : IDisposable
{
    private readonly ICommunicator world;
    private readonly Device device;
    private readonly IMemoryMeter meter;
    private readonly RankPlan? plan;
    private readonly StepArena? arena;
    private readonly Executor executor;
    private readonly GradientPool pool;
    private readonly OverlappedReducer reducer;
    private readonly DeterministicDataParallel? sharded;
    private readonly ShardedOptimizer? partition;
    private readonly Optimizer optimizer;
    private readonly ParameterUpdate update;
    private readonly LearningRate learningRate;
    private readonly Sampler sampler;
    private readonly RankBatches batchesOfRank;
    private readonly Replicas replicas;
    private readonly Evaluation evaluation;
    private readonly TrainingState state;
    private readonly List<Hook> hooks;
    private StepTrace? trace;
    private double bestAccuracy = double.NegativeInfinity;
    private long activationPeak;

    /// <summary>Prepares a run; collective.</summary>
    /// <param name="graph">The model; stays the caller's.</param>
    /// <param name="train">Training set.</param>
    /// <param name="test">Evaluation set.</param>
    /// <param name="options">How to train.</param>
    /// <param name="schedule">What stays in memory and what is recomputed; default: keep everything.</param>
    /// <param name="hooks">The user's hooks.</param>
    /// <param name="communicator">The ranks; default <see cref="World.Current"/>.</param>
    /// <exception cref="UsageException">The options are out of range, or the model does not fit the data.</exception>
    public Trainer(Graph graph, IDataSource train, IDataSource test, TrainerOptions? options = null, Schedule? schedule = null,
        IEnumerable<Hook>? hooks = null, ICommunicator? communicator = null)
    {
        (Graph, Options) = (graph, (options ?? new TrainerOptions()).Validate());
        world = communicator ?? World.Current;
        if (!graph.Input.Shape.Equals(train.Shape)) throw new UsageException($"{graph.Name} takes {graph.Input.Shape}, the data are {train.Shape}");
        if (Options.BatchSize % (world.Size * Options.Accumulate) != 0)
            throw new UsageException($"--batch-size {Options.BatchSize} must be divisible by {world.Size} ranks x {Options.Accumulate} micro-batches");
        if (Options.Deterministic && Options.Shards % world.Size != 0)
            throw new UsageException($"--deterministic: {world.Size} ranks cannot share {Options.Shards} shards evenly; choose a power of two of ranks up to --shards");
        if (Options.BatchSize > train.Count) throw new UsageException($"--batch-size {Options.BatchSize} is more than the {train.Count} samples");

        device = Devices.Choose(Options.Device, world.LocalRank);
        meter = MemoryMeter.For(device);
        if (device.type != TorchSharp.DeviceType.CPU && Options.Zero > 0) throw new UsageException($"--zero {Options.Zero} works in CPU memory, not on {device}: use --zero 0");
        if (Options.Threads > 0 || Options.Deterministic) set_num_threads(Math.Max(1, Options.Threads));
        graph.to(device);
        sampler = new Sampler(train.Count, Options.BatchSize, Options.Seed);
        batchesOfRank = new RankBatches(train, sampler, world, Options, MicroBatch);
        (string Name, Parameter Parameter)[] parameters = [.. graph.named_parameters().Where(p => p.parameter.requires_grad).DistinctBy(p => p.parameter.Identity())];
        if (Options.MemoryBudget.Length > 0 && schedule is null)
            plan = RankPlan.Make(graph, Options.MemoryBudget, MicroBatch, world, smoothed: Options.LabelSmoothing > 0);
        if (Options.Arena)
            arena = MemoryMeter.Current.IsExact && device.type == TorchSharp.DeviceType.CPU ? new StepArena()
                : throw new UsageException($"--arena replaces libtorch's CPU allocator, which cannot be done {(device.type == TorchSharp.DeviceType.CPU ? "with this libtorch" : $"on {device}")}");
        executor = new Executor(graph, schedule ?? plan?.Schedule, Options.LabelSmoothing == 0 ? null : (output, target) => Losses.CrossEntropy(output, target, Options.LabelSmoothing), lossReadsOutput: false) { Arena = arena };
        var names = parameters.ToDictionary(p => p.Parameter.Identity(), p => p.Name);
        pool = new GradientPool(executor.BackwardOrder, Options.Zero == 2 ? null : world, parameter => names.GetValueOrDefault(parameter.Identity(), "parameter"));
        reducer = new OverlappedReducer(world, pool, new ReducerOptions
        {
            Average = !Options.Deterministic, // its shards have scaled theirs already
            AllReduce = Options.Deterministic ? new AllReduceOptions { Deterministic = true } : null,
            Scatter = Options.Zero == 2,
            Overlap = Options.Overlap,
            BucketBytes = Options.BucketBytes,
            FirstBucketBytes = Math.Min(Options.BucketBytes, 1 << 20),
        });
        if (Options.Deterministic) sharded = new DeterministicDataParallel(world, graph, executor, pool, reducer, Options.Shards, Options.Seed);
        if (Options.Zero > 0) partition = new ShardedOptimizer(world, pool, reducer.Buckets);
        optimizer = Options.Optimizer switch
        {
            "sgd" => new Sgd(Options.Momentum, Options.WeightDecay),
            "adam" => new Adam(weightDecay: Options.WeightDecay),
            "adamw" => new Adam(weightDecay: Options.WeightDecay, decoupled: true),
            _ => throw new UsageException($"unknown optimizer '{Options.Optimizer}': choose sgd, adam or adamw"),
        };
        update = new ParameterUpdate(pool, reducer, optimizer, partition, parameters, Options);
        replicas = new Replicas(world, graph);
        evaluation = new Evaluation(world, test, executor, device);
        state = new TrainingState(world, graph, optimizer, partition);
        learningRate = Schedules.Create(Options.Schedule, Options.LearningRate, Options.WarmUp);
        this.hooks = [new NanGuard(), .. hooks ?? []];
    }

    /// <summary>The model.</summary>
    public Graph Graph { get; }
    /// <summary>How it is trained.</summary>
    public TrainerOptions Options { get; }
    /// <summary>Steps made so far.</summary>
    public long Step { get; private set; }
    /// <summary>Steps in one epoch.</summary>
    public int StepsPerEpoch => sampler.StepsPerEpoch;
    /// <summary>Steps in the whole run.</summary>
    public long TotalSteps => (long)StepsPerEpoch * Options.Epochs;
    /// <summary>Bytes of optimiser state on this rank.</summary>
    public long OptimizerBytes => optimizer.StateBytes;
    /// <summary>Samples that this rank runs at once.</summary>
    public int MicroBatch => Options.Deterministic ? Options.BatchSize / Options.Shards : Options.BatchSize / world.Size / Options.Accumulate;
    /// <summary>True on the rank that writes files and talks.</summary>
    public bool IsMain => world.Rank == 0;
    /// <summary>The run's files, from <see cref="Run"/> on.</summary>
    public RunDirectory? Directory { get; private set; }

    /// <summary>Trains to the end, or goes on from the newest checkpoint when asked to. Collective. Returns the last evaluation.</summary>
    public EvalRecord Run()
    {
        Directory = OpenDirectory();
        Devices.ManualSeed((long)(Options.Seed * 1000 + (ulong)world.Rank));
        var resume = Restore();
        replicas.BroadcastModel();
        using var log = IsMain ? new RunLog(Directory, Step) : null;
        using var timeline = trace = Options.Trace ? new StepTrace(world, executor, Directory) : null;
        if (log is not null)
        {
            Directory.WriteConfig(new { model = Graph.Name, parameters = Graph.ParameterCount, ranks = world.Size, options = Options });
            hooks.Add(new LogHook(log));
            hooks.Add(ProgressDisplay.Create());
        }
        hooks.Sort((a, b) => a.Order.CompareTo(b.Order));
        hooks.ForEach(h => h.BeforeRun(this));
        if (IsMain && plan is not null) Console.WriteLine(plan.Description);

        EvalRecord? last = null;
        var stopped = false;
        for (var epoch = resume.Epoch; epoch < Options.Epochs && !stopped; epoch++)
        {
            hooks.ForEach(h => h.BeforeEpoch(this, epoch));
            stopped = TrainEpoch(epoch, epoch == resume.Epoch ? resume.StepInEpoch : 0);
            if (stopped) break;
            last = Evaluate(epoch);
            var isBest = last.Accuracy > bestAccuracy;
            bestAccuracy = Math.Max(bestAccuracy, last.Accuracy);
            Save(epoch + 1, 0, isBest);
        }
        hooks.ForEach(h => h.AfterRun(this));
        if (IsMain && plan is not null && activationPeak > 0)
            Console.WriteLine(FormattableString.Invariant($"memory budget {Options.MemoryBudget}: activations peaked at {activationPeak / 1048576.0:F1} MiB, measured"));
        if (IsMain && arena is not null)
            Console.WriteLine(FormattableString.Invariant($"arena: {arena.PackedBytes / 1048576.0:F1} MiB in one block, {arena.Hits} tensors of the last step served from it, {arena.Misses} not, {arena.Escapes} escaped"));
        if (IsMain && !stopped) Directory.Finish();
        world.Barrier();
        return last ?? Evaluate(Math.Max(0, resume.Epoch - 1));
    }

    private bool TrainEpoch(int epoch, int firstStep)
    {
        Graph.train();
        using var batches = Prefetch.Ahead(batchesOfRank.Read(epoch, firstStep)).GetEnumerator();
        for (var i = firstStep; i < StepsPerEpoch; i++)
        {
            var started = Stopwatch.GetTimestamp();
            meter.ResetPeak();
            var rate = learningRate(Step, TotalSteps);
            var loss = sharded?.Run(batches, Step, device) ?? MeanOverRanks(ForwardBackward(batches));
            var computed = Stopwatch.GetTimestamp();
            update.Step(rate);
            trace?.Note("optimiser", computed);
            Step++;
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            var record = new TrainRecord(Step, epoch, loss, rate, Options.BatchSize / seconds, meter.LiveBytes, meter.PeakBytes);
            hooks.ForEach(h => h.AfterStep(this, record));
            if (Step == Options.MaxSteps) return true;
            if (Options.CheckpointEvery > 0 && Step % Options.CheckpointEvery == 0 && i + 1 < StepsPerEpoch) Save(epoch, i + 1, isBest: false);
        }
        return false;
    }

    private double ForwardBackward(IEnumerator<Batch> batches)
    {
        if (Options.Zero < 2) pool.Zero(); // otherwise the step before has left zeros
        var loss = 0.0;
        for (var part = 0; part < Options.Accumulate; part++)
        {
            batches.MoveNext();
            using var batch = batches.Current.MoveTo(device);
            var isLast = part == Options.Accumulate - 1;
            if (isLast)
            {
                reducer.Begin();
                executor.GradientReady += reducer.Ready;
            }
            var before = meter.LiveBytes;
            loss += executor.Step(batch.Input, batch.Target, 1.0 / Options.Accumulate) / Options.Accumulate;
            // The next batch may be read meanwhile; the least is nearest to the step's own.
            if (part == 0) activationPeak = Math.Min(activationPeak == 0 ? long.MaxValue : activationPeak, meter.PeakBytes - before);
        }
        executor.GradientReady -= reducer.Ready;
        return loss;
    }

    /// <summary>Loss and accuracy over the evaluation set, each rank taking every so manieth batch. Collective.</summary>
    public EvalRecord Evaluate(int epoch)
    {
        replicas.BroadcastBuffers();
        var (loss, accuracy) = evaluation.Run();
        var record = new EvalRecord(Step, epoch, loss, accuracy);
        hooks.ForEach(h => h.AfterEvaluation(this, record));
        return record;
    }

    private void Save(int epoch, int stepInEpoch, bool isBest)
    {
        replicas.BroadcastBuffers(); // in an uninterrupted run too, so that a resumed one has the same bits
        if (state.Save(Directory!, new RunCheckpoint(Step, epoch, stepInEpoch, bestAccuracy), isBest) is not { } path) return;
        RunCheckpoint.Prune(Directory!, Options.KeepLast);
        hooks.ForEach(h => h.AfterCheckpoint(this, path));
    }

    private RunDirectory OpenDirectory()
    {
        var chosen = "";
        if (IsMain)
            chosen = ((Options.Resume ? RunDirectory.NewestUnfinished(Options.Out, Options.Name) : null) ?? RunDirectory.Create(Options.Out, Options.Name)).Path;
        var bytes = world.AllGather(System.Text.Encoding.UTF8.GetBytes(chosen));
        return RunDirectory.Open(System.Text.Encoding.UTF8.GetString(bytes[0]));
    }

    private (int Epoch, int StepInEpoch) Restore()
    {
        if (!Options.Resume || RunCheckpoint.Newest(Directory!) is not { } path) return (0, 0);
        var position = state.Restore(path);
        (Step, bestAccuracy) = (position.Step, position.BestAccuracy);
        if (IsMain) Console.WriteLine($"resuming {Directory!.Id} at step {Step}");
        return (position.Epoch, position.StepInEpoch);
    }

    // In rank order on every rank, so that all get the same bits.
    private double MeanOverRanks(double value)
        => world.AllGather(MemoryMarshal.AsBytes(new ReadOnlySpan<double>(in value))).Sum(part => MemoryMarshal.Read<double>(part)) / world.Size;

    /// <inheritdoc/>
    public void Dispose()
    {
        reducer.Dispose();
        sharded?.Dispose();
        partition?.Dispose();
        pool.Dispose();
        optimizer.Dispose();
        executor.Dispose();
        arena?.Dispose();
    }
}
