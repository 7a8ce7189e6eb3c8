using System.Diagnostics;
using Interactive.Collectives;
using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Monitoring;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Trains a graph on one rank or many: the same script runs alone, under mpirun and on a cluster. All ranks begin with
/// rank 0's parameters and hold the same bits after every step. Every part of it can be handed in; what is not is made from
/// the options.
/// </summary>
public sealed class Trainer : IDisposable, Graphs.IAdvances
{
    private readonly ICommunicator world;
    private readonly TrainerParts parts;
    private readonly CancellationToken cancellation;
    private readonly Device device;
    private readonly IMemoryMeter meter;
    private readonly MemoryFit? memory;
    private readonly PlannedExecutor planned;
    private readonly Trainable trainable;
    private readonly Sampler sampler;
    private readonly int microBatches, microBatch; // of a whole batch; samples of one
    private readonly BatchShare share;
    private readonly LossParameters lossParameters;
    private readonly RankBatches batchesOfRank;
    private readonly Replicas replicas;
    private readonly Evaluation evaluation;
    private readonly TrainingState state;
    private readonly BestModel best;
    private readonly ExponentialMovingAverage? average;
    private readonly Optimizer? ownOptimizer; // of the options, with the user's groups
    private RunPlace? place;
    private StepTrace? trace;
    private StopRequests? requests;
    private List<Hook> hooks;
    private string? stopReason;
    private (int Epoch, int Step) position; // of the next step
    private CheckpointWriter? writer;
    private long activationPeak;
    private bool isDisposed;

    /// <summary>Prepares a run; collective.</summary>
    /// <param name="model">A <see cref="Graphs.Graph"/>, or any TorchSharp module, of which one is traced with the first training sample for example; stays the caller's.</param>
    /// <param name="train">Training set.</param>
    /// <param name="test">Evaluation set.</param>
    /// <param name="options">How to train.</param>
    /// <param name="objective">What is minimised; default: softmax cross-entropy.</param>
    /// <param name="metrics">What evaluations measure besides the loss; default: accuracy with cross-entropy, else nothing.</param>
    /// <param name="optimizer">Steps the parameters; stays the caller's. Default: what the options say.</param>
    /// <param name="learningRate">The rate by step; default: what the options say.</param>
    /// <param name="strategy">How the ranks share the work; stays the caller's. Default: what the options say.</param>
    /// <param name="hooks">The user's hooks.</param>
    /// <param name="logs">Where the numbers go besides the run directory, from rank 0; stay the caller's.</param>
    /// <param name="schedule">What stays in memory and what is recomputed; default: keep everything.</param>
    /// <param name="communicator">The ranks; default <see cref="World.Current"/>.</param>
    /// <param name="cancellation">Ends the run after the step that is being made, with a checkpoint.</param>
    /// <exception cref="UsageException">The options are out of range, or the parts do not fit one another.</exception>
    public Trainer(nn.Module model, IBatchSource train, IBatchSource test, TrainerOptions? options = null, IObjective? objective = null,
        IReadOnlyList<IMetric>? metrics = null, Optimizer? optimizer = null, LearningRate? learningRate = null, IParallelStrategy? strategy = null,
        IEnumerable<Hook>? hooks = null, IEnumerable<IRunLog>? logs = null, Schedule? schedule = null, ICommunicator? communicator = null,
        CancellationToken cancellation = default)
    {
        (Options, this.cancellation) = ((options ?? new TrainerOptions()).Validate(), cancellation);
        if (model is null || train is null || test is null)
            throw new UsageException($"the {(model is null ? "model is null" : train is null ? "training set is null" : "evaluation set is null: hand in the training set once more where there is no other")}");
        world = communicator ?? World.Current;
        device = Devices.Choose(Options.Device, world.LocalRank);
        var graph = Graph = TrainerParts.GraphOf(model, train, device);
        Options.Prepare(graph);
        TrainingMode.Begin(graph, IsMain);
        var minimised = TrainerParts.ObjectiveOf(Options, objective, graph, train);
        RanksAlike.Require(world, Options, [("samples:", $"{train.Count} to train, {test.Count} to evaluate"), .. RanksAlike.Of(graph), ("the objective", minimised.Name), ("the optimiser", optimizer?.GetType().Name ?? "of the options")]);
        if (Options.BatchSize > train.Count) throw new UsageException($"--batch-size {Options.BatchSize} is more than the {train.Count} samples");
        if (Options.Threads > 0 || Options.Deterministic) set_num_threads(Math.Max(1, Options.Threads));
        if (Options.Memory.Length > 0 && Options.Layout.Length == 0 && schedule is null)
        {
            MemoryFit.RequireCpu(Options, device);
            memory = MemoryFit.Make(new(graph, Options, minimised, optimizer is not null || strategy is not null,
                Options.Ema > 0 || hooks?.Any(h => h is ExponentialMovingAverage) == true), world);
            Options = Options with { Accumulate = memory.Accumulate, Zero = memory.Zero, EvaluationBatchSize = memory.EvaluationBatch };
        }
        parts = new TrainerParts(Options, graph, train, test, minimised, metrics, optimizer, learningRate, strategy, hooks, logs);
        var fit = new BatchFit(graph, parts.Objective);
        fit.Check(train);
        fit.Check(test, parts.Metrics);
        LikeData.Require(train, test);
        lossParameters = LossParameters.Of(parts.Objective, train, graph).Required(parts.Objective, Options.Zero, Options.Layout);
        microBatches = parts.Strategy.MicroBatches(Options.BatchSize, world.Size);
        microBatch = Options.BatchSize / microBatches;
        share = parts.Strategy.Share(world);

        meter = MemoryMeter.For(device);
        graph.to(device);
        trainable = new Trainable(graph);
        planned = new PlannedExecutor(graph, Options, schedule, memory, parts.Objective, trainable, microBatch, world, device);
        sampler = new Sampler(train.Count, Options.BatchSize, Options.Seed);
        var loading = new LoaderOptions(Options.Workers, SharesCores: device.type == TorchSharp.DeviceType.CPU);
        batchesOfRank = new RankBatches(parts.Train, fit, sampler, share, microBatch, loading);
        replicas = new Replicas(world, graph);
        var atOnce = Options.EvaluationBatchSize > 0 ? Options.EvaluationBatchSize : Math.Min(256, Options.BatchSize);
        evaluation = new Evaluation(world, test, fit, parts.Objective, parts.Metrics, atOnce, loading);
        this.hooks = [.. parts.Hooks];
        average = this.hooks.OfType<ExponentialMovingAverage>().FirstOrDefault();
        average?.Attach(graph);
        state = new TrainingState(world, [new TrainedPart(() => trainable.Frozen, names => { trainable.Freeze(names); Renew(); }), new TensorsPart("model", () => graph.state_dict()), new OptimizerPart(world, parts.Optimizer, () => (parts.Strategy as IDividesOptimizer)?.Shards, device),
            new GeneratorPart(world, device), .. average is null ? Array.Empty<ICheckpointPart>() : [new TensorsPart("ema", () => average.Average)], .. RunStatePart.Of(this.hooks.OfType<IRunState>())]);
        best = new BestModel(graph, parts, HigherIsBetter(parts.Best));
        parts.Optimizer.Begin(trainable.All);
        parts.Optimizer.Assign(trainable.Parameters);
        Prepare();
    }

    /// <summary>The same with a loss that is a function, and settings for the optimiser that the options name; collective.</summary>
    /// <param name="model">As above.</param>
    /// <param name="train">Training set.</param>
    /// <param name="test">Evaluation set.</param>
    /// <param name="options">How to train.</param>
    /// <param name="loss">(output, target) to a scalar, a mean over the batch's samples: <c>Losses.MeanSquare</c>, or your own.</param>
    /// <param name="metrics">What evaluations measure besides the loss; default nothing.</param>
    /// <param name="optimizer">Gives the optimiser that the options name its groups: <c>o => o.Group("*bias", weightDecay: 0)</c>.</param>
    /// <param name="schedule">The learning rate by step; default: what the options say.</param>
    /// <param name="hooks">The user's hooks.</param>
    /// <param name="cancellation">Ends the run after the step that is being made, with a checkpoint.</param>
    /// <exception cref="UsageException">As above.</exception>
    public Trainer(nn.Module model, IBatchSource train, IBatchSource test, TrainerOptions? options, Func<Tensor, Tensor, Tensor> loss, IReadOnlyList<IMetric>? metrics = null,
        Func<Optimizer, Optimizer>? optimizer = null, LearningRate? schedule = null, IEnumerable<Hook>? hooks = null, CancellationToken cancellation = default)
        : this(model, train, test, options, Execution.Objective.From(loss), metrics, optimizer?.Invoke(TrainerParts.OptimizerOf(options ?? new())), schedule, hooks: hooks, cancellation: cancellation)
        => ownOptimizer = optimizer is null ? null : Optimizer;

    /// <summary>The model.</summary>
    public Graph Graph { get; }
    /// <summary>How it is trained.</summary>
    public TrainerOptions Options { get; }
    /// <summary>What is minimised.</summary>
    public IObjective Objective => parts.Objective;
    /// <summary>What evaluations measure besides the loss.</summary>
    public IReadOnlyList<IMetric> Metrics => parts.Metrics;
    /// <summary>How the ranks share the work.</summary>
    public IParallelStrategy Strategy => parts.Strategy;
    /// <summary>Steps the parameters.</summary>
    public Optimizer Optimizer => parts.Optimizer;
    /// <summary>Steps made so far.</summary>
    public long Step { get; private set; }
    /// <summary>Steps in one epoch.</summary>
    public int StepsPerEpoch => sampler.StepsPerEpoch;
    /// <summary>Steps in the whole run.</summary>
    public long TotalSteps => (long)StepsPerEpoch * Options.Epochs;
    /// <summary>Bytes of optimiser state on this rank.</summary>
    public long OptimizerBytes => parts.Optimizer.StateBytes;
    /// <summary>Samples that this rank runs at once.</summary>
    public int MicroBatch => microBatch;
    /// <summary>True on the rank that writes files and talks.</summary>
    public bool IsMain => world.Rank == 0;
    /// <summary>The run's files, from <see cref="Run"/> on.</summary>
    public RunDirectory? Directory { get; private set; }

    /// <summary>Whether more of a metric is better; <c>loss</c> is one.</summary>
    /// <exception cref="UsageException">There is no such metric; the message names those that are there.</exception>
    public bool HigherIsBetter(string metric) => metric != "loss" && (Metrics.FirstOrDefault(m => m.Name == metric)
        ?? throw new UsageException($"there is no metric '{metric}': choose {string.Join(", ", Metrics.Select(m => m.Name).Prepend("loss"))}")).HigherIsBetter;

    /// <summary>Ends the run before the next step: it evaluates, saves and counts as finished. For hooks; one rank is enough.</summary>
    public void Stop(string reason) => stopReason ??= reason;

    /// <summary>Trains to the end, or goes on from the newest checkpoint when asked to. Collective. Returns the last evaluation.</summary>
    /// <exception cref="UsageException">A sample cannot be read or does not fit; what was trained is saved.</exception>
    /// <exception cref="TrainingStoppedException">Ctrl-C, SIGTERM or the token ended it; what was trained is saved.</exception>
    /// <exception cref="DivergedException">The loss, the gradient or a parameter is no longer a number.</exception>
    public EvalRecord Run()
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        using var opened = place = RunPlace.Open(world, Options);
        try { return Train(); }
        catch (Exception e) when (e is not TrainingStoppedException)
        {
            if (place.Fail(Step, e) is var told && told != e) throw told;
            throw;
        }
        finally { hooks = [.. parts.Hooks]; } // the logs are closed
    }

    private EvalRecord Train()
    {
        Directory = place!.Directory;
        parts.Optimizer.Begin(trainable.All); // another trainer may have had it meanwhile
        using var saving = writer = new CheckpointWriter(state, Directory, Options.CheckpointEvery, Options.Mtbf.Span, Options.KeepLast, Announce);
        using var generator = RandomState.Keep(device); // what is drawn after a training does not depend on it
        Devices.ManualSeed((long)(Options.Seed * 1000 + (ulong)world.Rank));
        position = Restore();
        replicas.BroadcastModel();
        if (Step == 0) average?.Begin();
        if (trainable.NotFinite() is { } bad) throw new UsageException($"{bad} before the first step: give {Graph.Name} initial values");
        using var listening = requests = new StopRequests(cancellation);
        using var log = IsMain ? new RunLog(Directory, Step) : null;
        using var timeline = trace = Options.Trace ? new StepTrace(world, Directory) : null;
        trace?.Follow(planned.Executor);
        Begin(log);

        EvalRecord? last = null;
        var stop = Options.MaxSteps > 0 && Step >= Options.MaxSteps ? StopKind.Cut : StopKind.None;
        while (position.Epoch < Options.Epochs && stop == StopKind.None)
        {
            hooks.ForEach(h => h.BeforeEpoch(this, position.Epoch));
            stop = TrainEpoch();
            if (stop == StopKind.None && Options.EvaluatesAfter(position.Epoch)) last = Conclude(position.Epoch - 1);
            else if (stop is StopKind.None or > StopKind.Done) Save();
        }
        if (stop == StopKind.Done && last?.Step != Step) last = Conclude(position.Step > 0 ? position.Epoch : Math.Max(0, position.Epoch - 1));
        End(stop);
        return last ?? EvaluateCut();
    }

    // A run that is cut before its first epoch ends has a model to look at, too; what is best is still open.
    private EvalRecord EvaluateCut()
    {
        var record = Evaluate(Math.Max(0, position.Epoch - 1));
        using var draft = double.IsNegativeInfinity(best.Score) ? DraftBest(record) : null;
        draft?.Commit();
        return record;
    }

    private void Begin(RunLog? log)
    {
        hooks = [.. parts.Hooks];
        if (log is not null)
        {
            var configuration = parts.Configuration(Graph, world.Size, HigherIsBetter(parts.Best), Options);
            Tell([Step > 0 ? OtherwiseResumed.Told(Directory!, configuration) : null]);
            Directory!.WriteConfig(configuration);
            foreach (var each in parts.Logs.Prepend(log)) hooks.Add(new LogHook(each));
            hooks.Add(new LogHook(new LineLog(line => RunText.Add(Directory!, line))));
            planned.Sheet?.WriteTo(Directory!.Path);
            if (Options.Progress) hooks.Add(ProgressDisplay.Create());
        }
        hooks.Add(new LogHook(new MeterLog(Directory!.Id, world.Rank)));
        if (world.Size > 1) hooks.Add(new StragglerWatch(world, parts.Strategy.RanksAreAlike, place!.Tell));
        hooks = [.. hooks.OrderBy(h => h.Order)];
        hooks.ForEach(h => h.BeforeRun(this));
        Tell([RanksAlike.Unlike(world, parts.Train, parts.Test), Graph.Precision.Caution(device), SummedLoss.Caution(Objective, parts.Train, Graph, microBatches), lossParameters.Caution(Objective),
            LossCode.Caution(Objective), .. NetCautions.Of(Graph, world.Size), .. Graph.Notes.Select(note => $"note: {note}"), memory?.Text, planned.Description, parts.Strategy.Description]);
    }

    private StopKind TrainEpoch()
    {
        var (epoch, first) = position;
        using var batches = batchesOfRank.Read(epoch, first).GetEnumerator();
        for (var i = first; i < StepsPerEpoch; i++)
        {
            if (trainable.HasChanged) Renew();
            if (!trainable.IsAny) throw new UsageException($"no parameter of {Graph.Name} requires a gradient, so nothing would be trained: set requires_grad of those to train");
            var (started, communicated) = (Stopwatch.GetTimestamp(), CommunicationTime.Seconds);
            (double loss, double? norm, double rate, double waited, long foreseen) = (0, null, 0, 0, 0);
            using (var step = RankStep.Next(batches, microBatches / share.Parts, Objective))
            {
                waited = Stopwatch.GetElapsedTime(started).TotalSeconds;
                var asked = stopReason is null ? requests!.Kind : (StopKind)Math.Max((byte)requests!.Kind, (byte)StopKind.Done);
                rate = parts.LearningRate((long)epoch * StepsPerEpoch + i, TotalSteps); // not Step, which a run resumed with another batch size has counted otherwise
                var agreed = Agreement.Of(world, share.Counts ? step.Weights.Sum() : 0, asked, step.Error ?? Agreement.Strange(rate, Step + 1), writer!.IsDue(Step), rate);
                if (agreed.Stop == StopKind.Done) stopReason ??= "as another rank asked"; // what is saved from here on is the end of the run
                if (agreed.Saves) Save();
                if (agreed.Error is { } error) GiveUp(error);
                if (agreed.Stop != StopKind.None) return agreed.Stop;
                foreseen = planned.PeakBytes is { } peak ? meter.LiveBytes + peak : 0;
                (loss, norm) = MakeStep(step, agreed.Weight, rate);
            }
            Step++;
            position = i + 1 < StepsPerEpoch ? (epoch, i + 1) : (epoch + 1, 0);
            place!.NoteStep(Step);
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            var record = new TrainRecord(Step, epoch, loss, rate, Options.BatchSize / seconds, meter.LiveBytes, meter.PeakBytes)
            { GradientNorm = norm, Seconds = seconds, DataSeconds = waited, PlannedBytes = foreseen, CommunicationSeconds = world.Size == 1 ? 0 : Math.Round(CommunicationTime.Seconds - communicated, 7) };
            hooks.ForEach(h => h.AfterStep(this, record));
            if (Step == Options.MaxSteps) return StopKind.Cut;
            writer!.Poll();
        }
        return StopKind.None;
    }

    private (double Loss, double? Norm) MakeStep(RankStep step, double weight, double rate)
    {
        meter.ResetPeak();
        var before = meter.LiveBytes;
        var loss = parts.Strategy.Backward(step.Batches, new StepWeights(step.Weights, weight, microBatches), Step);
        // The next batch may be read meanwhile; the least is nearest to the step's own.
        activationPeak = Math.Min(activationPeak == 0 ? long.MaxValue : activationPeak, meter.PeakBytes - before);
        var computed = Stopwatch.GetTimestamp();
        var norm = parts.Strategy.Update(rate, Options.ClipNorm > 0 ? Options.ClipNorm : Options.LogGradientNorm ? double.PositiveInfinity : null);
        trace?.Note("optimiser", computed);
        return (loss, norm);
    }

    /// <summary>Steps over the training set, epoch after epoch, each made with the rate it is given and counted by nobody; the result is its loss. Collective.</summary>
    internal IEnumerable<Func<double, double>> TrialSteps()
    {
        for (var epoch = 0; ; epoch++)
        {
            using var batches = batchesOfRank.Read(epoch, 0).GetEnumerator();
            for (var i = 0; i < StepsPerEpoch; i++)
            {
                using var step = RankStep.Next(batches, microBatches / share.Parts, Objective);
                var agreed = Agreement.Of(world, share.Counts ? step.Weights.Sum() : 0, StopKind.None, step.Error);
                if (agreed.Error is { } error) throw new UsageException(error);
                yield return rate => MakeStep(step, agreed.Weight, rate).Loss;
            }
        }
    }

    /// <summary>Which number of the last step's samples is not finite, as data have it: the first rank's that has one, or null. Collective.</summary>
    internal string? NotFiniteInput() => Agreement.Of(world, 0, StopKind.None, batchesOfRank.NotFinite(position)).Error;

    private void GiveUp(string error)
    {
        if (Step > 0) Save();
        throw new UsageException(Step > 0 ? $"{error}; saved after step {Step}: --resume goes on from there" : error);
    }

    /// <summary>Loss and metrics over the evaluation set, each rank taking every so manieth batch. Collective; any hook may call it.</summary>
    public EvalRecord Evaluate(int epoch)
    {
        parts.Strategy.Gather();
        replicas.BroadcastBuffers();
        using var averaged = average?.Use();
        var (loss, metrics) = evaluation.Run(planned.Executor, device);
        var record = new EvalRecord(Step, epoch, loss, metrics);
        hooks.ForEach(h => h.AfterEvaluation(this, record));
        return record;
    }

    /// <summary>Evaluates and saves, as the best if it is.</summary>
    private EvalRecord Conclude(int epoch)
    {
        EvalRecord record;
        try { record = Evaluate(epoch); }
        catch (Exception e) when (e is UsageException || world.Size == 1) // all ranks are here: what was trained is not lost
        {
            Save();
            throw;
        }
        Save(best.Takes(record) ? () => DraftBest(record) : null);
        return record;
    }

    private FileDraft? DraftBest(EvalRecord record)
    {
        using var averaged = average?.Use();
        return IsMain ? best.Draft(Directory!, record) : null;
    }

    private void Save(Func<FileDraft?>? withBest = null) => writer!.Save(new RunPosition(Step, position.Epoch, (long)position.Step * Options.BatchSize, sampler.Samples, Options.Seed, best.Score, parts.Best, stopReason), () =>
    {
        parts.Strategy.Gather();
        replicas.BroadcastBuffers(); // in an uninterrupted run too, so that a resumed one has the same bits
    }, withBest);

    private void Announce(long step, string path, TimeSpan blocking)
    {
        place!.NoteCheckpoint(step, blocking);
        hooks.ForEach(h => h.AfterCheckpoint(this, path));
    }

    private (int Epoch, int Step) Restore()
    {
        if (!Options.Resume || state.Restore(Directory!, place!.Tell) is not { } kept) return (0, 0);
        (Step, best.Score, stopReason) = (kept.Step, best.Like(kept, place!.Tell), kept.Stop);
        writer!.IsKept(Step);
        place!.Tell($"resuming {Directory!.Id} at step {Step}");
        return (kept.Epoch, kept.StepInEpoch(Options.BatchSize, sampler.Samples, Options.Seed));
    }

    /// <summary>Executor and strategy for what is trainable now. Collective.</summary>
    private void Prepare()
    {
        using var before = planned.Renew(); // until the strategy has let go of it
        parts.Strategy.Setup(new StrategyContext(world, Graph, planned.Executor, parts.Optimizer, trainable.Parameters, device, Options.Seed));
        trace?.Follow(planned.Executor);
    }

    private void End(StopKind stop)
    {
        writer!.Conclude();
        parts.Strategy.Gather(); // the caller's model is whole
        hooks.ForEach(h => h.AfterRun(this));
        Tell([.. planned.Told(activationPeak), parts.Strategy.Conclude()]);
        if (stop == StopKind.Done) place!.Tell($"stopped after step {Step}{(stopReason is null ? "" : $": {stopReason}")}");
        if (stop is StopKind.None or StopKind.Done) place!.Finish(Step);
        else place!.Note("stop", Step, stop.ToString());
        world.Barrier();
        if (stop > StopKind.Done) throw StopRequests.Stopped(stop, $"step {Step} of {TotalSteps}", Directory!, IsMain, cancellation);
    }

    private void Renew() => IDividesOptimizer.SetUpAnew(world, parts.Strategy, parts.Optimizer, device, Prepare); // what is trained has changed
    private void Tell(IEnumerable<string?> lines) => lines.OfType<string>().ToList().ForEach(place!.Tell);

    /// <inheritdoc/>
    public void Dispose()
    {
        isDisposed = true;
        parts.Dispose();
        ownOptimizer?.Dispose();
        planned.Dispose();
    }
}
