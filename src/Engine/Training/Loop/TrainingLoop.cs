using System.Diagnostics;
using Interactive.Collectives;
using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// For a loop of one's own: nets with their optimisers, ranks, memory budget, checkpoints, logs and Ctrl-C as the trainer has
/// them, while each step is the caller's code.
/// <code>
/// using var loop = new TrainingLoop(options);
/// var net = loop.Setup(graph);
/// while (loop.Continue(1000))
///     foreach (var batch in loop.Batches(data)) using (batch)
///     {
///         var loss = net.Backward(batch.Inputs, batch.Targets);
///         net.Step(1e-3);
///         if (!loop.Note(loss)) break;
///     }
/// </code>
/// </summary>
public sealed class TrainingLoop : IDisposable, Graphs.IAdvances
{
    private readonly ICommunicator world;
    private readonly CancellationToken cancellation;
    private readonly RunPlace place;
    private readonly StopRequests requests;
    private readonly List<LoopModel> models = [];
    private readonly TrainingState state;
    private readonly CheckpointWriter writer;
    private readonly List<ICheckpointPart> parts;
    private RunLog? log;
    private bool hasBegun;
    private long started = Stopwatch.GetTimestamp(), told = Stopwatch.GetTimestamp(), limit = long.MaxValue;

    /// <summary>Opens a run directory: a new one, or with <see cref="TrainerOptions.Resume"/> that of the newest unfinished run. Collective.</summary>
    /// <param name="options">Name, place, seed, device, batch size, budget, clipping, ZeRO and checkpoints are heeded; the rest is the loop's.</param>
    /// <param name="communicator">The ranks; default <see cref="World.Current"/>.</param>
    /// <param name="cancellation">Ends the loop at <see cref="Continue"/> or <see cref="Note"/>, with a checkpoint.</param>
    public TrainingLoop(TrainerOptions? options = null, ICommunicator? communicator = null, CancellationToken cancellation = default)
    {
        (Options, this.cancellation, world) = ((options ?? new TrainerOptions()).Validate(), cancellation, communicator ?? World.Current);
        if (Options.Deterministic) throw new UsageException("--deterministic cuts batches into shards, which a loop of one's own does not: leave it out");
        if (Options.BatchSize % world.Size != 0) throw new UsageException($"--batch-size {Options.BatchSize} must be divisible by {world.Size} ranks");
        RanksAlike.Require(world, Options, []);
        Device = Devices.Choose(Options.Device, world.LocalRank);
        if (Options.Threads > 0) set_num_threads(Options.Threads);
        place = RunPlace.Open(world, Options);
        requests = new StopRequests(cancellation);
        Devices.ManualSeed((long)(Options.Seed * 1000 + (ulong)world.Rank));
        parts = [new GeneratorPart(world, Device)];
        state = new TrainingState(world, parts);
        writer = new CheckpointWriter(state, Directory, Options.CheckpointEvery, Options.Mtbf.Span, Options.KeepLast, (step, _, blocking) => place.NoteCheckpoint(step, blocking));
    }

    /// <summary>What was asked for.</summary>
    public TrainerOptions Options { get; }
    /// <summary>Where nets and batches are.</summary>
    public Device Device { get; }
    /// <summary>The run's files.</summary>
    public RunDirectory Directory => place.Directory;
    /// <summary>True on the rank that writes files and talks.</summary>
    public bool IsMain => world.Rank == 0;
    /// <summary>This rank.</summary>
    public int Rank => world.Rank;
    /// <summary>Number of ranks.</summary>
    public int Ranks => world.Size;
    /// <summary>Steps noted so far.</summary>
    public long Step { get; private set; }
    /// <summary>Passes over the data begun before this one; <see cref="Batches"/> counts them.</summary>
    public int Epoch { get; private set; }

    /// <summary>Takes a net on: it goes to the device, has rank 0's parameters on all ranks, and is kept in checkpoints under its name. Collective.</summary>
    /// <param name="graph">The net; stays the caller's. One of each name.</param>
    /// <param name="optimizer">Steps it; stays the caller's. Default: what the options say.</param>
    /// <param name="objective">What <see cref="LoopModel.Backward(IReadOnlyList{Tensor}, IReadOnlyList{Tensor}, double)"/> minimises, and the plan for a budget is made for; default cross-entropy.</param>
    /// <exception cref="UsageException">The name is taken, no plan fits the budget, or the loop has begun.</exception>
    public LoopModel Setup(Graph graph, Optimizer? optimizer = null, IObjective? objective = null)
    {
        if (graph is null) throw new UsageException("the net is null");
        if (hasBegun) throw new UsageException($"{graph.Name}: set up all nets before the first step");
        if (models.Exists(m => m.Graph.Name == graph.Name)) throw new UsageException($"two nets are called {graph.Name}: checkpoints tell them apart by name");
        if (models.Find(m => m.Optimizer == optimizer) is { } other) throw new UsageException($"{graph.Name}: its optimiser steps {other.Graph.Name} already: each net needs one of its own");
        RanksAlike.Require(world, RanksAlike.Of(Trainable.Alive(graph)));
        var model = new LoopModel(graph, optimizer, objective ?? new CrossEntropy(), Options, world, Device, models.Sum(m => m.Promised));
        models.Add(model);
        parts.Add(new NamedPart($"{graph.Name}.trained", model.TrainedPart()));
        parts.Add(new TensorsPart($"{graph.Name}.model", () => graph.state_dict()));
        if (model.Optimizer is not null) parts.Add(new NamedPart($"{graph.Name}.optimizer", model.OptimizerPart(world, Device)));
        return model;
    }

    /// <summary>Takes on a net that only answers, such as a teacher: frozen, in evaluation mode, the same on all ranks, in no checkpoint. Collective.</summary>
    public Graph SetupFrozen(Graph graph)
    {
        graph.to(Device);
        foreach (var parameter in graph.parameters()) parameter.requires_grad = false;
        graph.eval();
        new Replicas(world, graph).BroadcastModel();
        return graph;
    }

    /// <summary>This rank's part of each batch of the next epoch, on the device; the caller disposes each. Collective.</summary>
    /// <exception cref="UsageException">The batch size is more than the samples, or a sample cannot be read.</exception>
    public IEnumerable<Batch> Batches(IBatchSource source)
    {
        var sampler = new Sampler(source.Count, Options.BatchSize, Options.Seed);
        if (sampler.StepsPerEpoch == 0) throw new UsageException($"--batch-size {Options.BatchSize} is more than the {source.Count} samples");
        var epoch = Epoch++;
        var order = sampler.Order(source, epoch);
        var samples = Enumerable.Range(0, sampler.StepsPerEpoch).Select(step => Sampler.Part(order, Options.BatchSize, step, world.Rank, world.Size).ToArray());
        var loader = new Loader(source, new LoaderOptions(Options.Workers, SharesCores: Device.type == TorchSharp.DeviceType.CPU));
        foreach (var batch in loader.Read(samples, epoch, Options.Seed)) yield return batch.MoveTo(Device);
    }

    /// <summary>True while there are steps to make. The first call begins the run, and goes on where <see cref="TrainerOptions.Resume"/> finds one. Collective.</summary>
    /// <param name="steps">Steps of the whole run.</param>
    /// <exception cref="TrainingStoppedException">Ctrl-C, SIGTERM or the token ended it; it is saved.</exception>
    public bool Continue(long steps)
    {
        limit = Options.MaxSteps > 0 ? Math.Min(steps, Options.MaxSteps) : steps;
        if (!hasBegun) Begin();
        EndIfAsked();
        if (Step < limit) return true;
        Save();
        OnDisk(() =>
        {
            log?.Flush();
            if (Step >= steps) place.Finish(Step);
            else place.Note("stop", Step, StopKind.Cut.ToString());
        });
        return false;
    }

    /// <summary>Notes a step: its loss, averaged over the ranks, goes to the log; a checkpoint is written when one is due. Collective.</summary>
    /// <param name="loss">This rank's loss.</param>
    /// <param name="learningRate">For the log.</param>
    /// <returns>False when the run has all its steps.</returns>
    /// <exception cref="DivergedException">The loss is not a number.</exception>
    public bool Note(double loss, double learningRate = 0)
    {
        var (seconds, meter) = (Stopwatch.GetElapsedTime(started).TotalSeconds, MemoryMeter.For(Device));
        started = Stopwatch.GetTimestamp();
        loss = Mean(loss);
        Step++;
        if (!double.IsFinite(loss)) throw new DivergedException(FormattableString.Invariant($"the loss is {loss} at step {Step}: lower the learning rate or set --clip-norm"));
        var record = new TrainRecord(Step, Math.Max(0, Epoch - 1), loss, learningRate, Options.BatchSize / seconds, meter.LiveBytes, meter.PeakBytes) { Seconds = seconds };
        OnDisk(() =>
        {
            place.NoteStep(Step);
            log?.Write(record);
        });
        if (IsMain && Options.Progress && Stopwatch.GetElapsedTime(told).TotalSeconds > 5)
        {
            Console.WriteLine(FormattableString.Invariant($"step {Step}{(limit == long.MaxValue ? "" : $"/{limit}")}  loss {loss:F4}  {seconds * 1000:F0} ms/iter"));
            told = Stopwatch.GetTimestamp();
        }
        EndIfAsked();
        return Step < limit;
    }

    /// <summary>Writes an evaluation to the log.</summary>
    /// <param name="loss">Its loss.</param>
    /// <param name="metrics">Others by name; default none.</param>
    public void NoteEvaluation(double loss, IReadOnlyDictionary<string, double>? metrics = null)
        => OnDisk(() => log?.Write(new EvalRecord(Step, Math.Max(0, Epoch - 1), loss, metrics ?? new Dictionary<string, double>())));

    /// <summary>The mean of a number over the ranks, the same bits on each. Collective.</summary>
    public double Mean(double value) => Collective.Mean(world, value);

    /// <summary>Sums an fp32 tensor over the ranks, in place. Collective.</summary>
    public void AllReduce(Tensor tensor) => world.AllReduce(tensor, "tensor of a loop");

    /// <summary>Gives all ranks one rank's values, in place. Collective.</summary>
    public void Broadcast(Tensor tensor, int root = 0) => world.Broadcast(tensor, root);

    /// <summary>Returns when all ranks have called it.</summary>
    public void Barrier() => world.Barrier();

    /// <summary>Writes a checkpoint of all nets, optimisers and random generators, and returns when it is on the disk. Collective.</summary>
    public void Save() => OnDisk(() =>
    {
        Write();
        writer.Conclude();
    });

    // A disk that takes no more ends the run with what one needs to know to go on.
    private void OnDisk(Action write)
    {
        try { write(); }
        catch (IOException e) { throw place.Fail(Step, e); }
    }

    private void Write() => writer.Save(new RunPosition(Step, Epoch, 0, 0, Options.Seed, 0), () => models.ForEach(m => m.BroadcastBuffers()));

    private void Begin()
    {
        hasBegun = true;
        // Measuring for a plan has drawn numbers, and run nets that an objective reads.
        Devices.ManualSeed((long)(Options.Seed * 1000 + (ulong)world.Rank));
        models.ForEach(m => m.ZeroGradients());
        if (Options.Resume && state.Restore(Directory, place.Tell) is { } kept)
        {
            (Step, Epoch) = (kept.Step, kept.Epoch);
            writer.IsKept(Step);
            place.Tell($"resuming {Directory.Id} at step {Step}");
        }
        models.ForEach(m => m.BroadcastModel());
        if (!IsMain) return;
        log = new RunLog(Directory, Step);
        Directory.WriteConfig(new { model = string.Join(" + ", models.Select(m => m.Graph.Name)), parameters = models.Sum(m => m.Graph.ParameterCount), ranks = world.Size, options = Options });
        foreach (var line in models.SelectMany(m => (string?[])[m.Graph.Precision.Caution(Device), .. NetCautions.Of(m.Graph, world.Size), .. m.Graph.Notes.Select(note => $"note: {m.Graph.Name}: {note}"), m.PlanDescription]).OfType<string>().Distinct()) place.Tell(line);
        started = told = Stopwatch.GetTimestamp();
    }

    private void EndIfAsked()
    {
        OnDisk(writer.Poll);
        var (_, stop, saves, error) = Agreement.Of(world, 0, requests.Kind, null, writer.IsDue(Step), models.Sum(m => m.LearningRate));
        if (error is not null) throw new UsageException(error);
        if (saves) OnDisk(Write);
        if (stop == StopKind.None) return;
        Save();
        place.Note("stop", Step, stop.ToString());
        throw StopRequests.Stopped(stop, $"step {Step}", Directory, IsMain, cancellation);
    }

    /// <summary>Closes the log and frees the directory; nets and optimisers stay the caller's.</summary>
    public void Dispose()
    {
        models.ForEach(m => m.Dispose());
        log?.Dispose();
        requests.Dispose();
        writer.Dispose();
        place.Dispose();
    }
}
