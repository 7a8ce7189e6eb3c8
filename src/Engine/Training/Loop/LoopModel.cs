using Interactive.Collectives;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>A net in a loop of one's own: forward and backward under its plan, and steps of its optimiser.</summary>
public sealed class LoopModel : IDisposable
{
    private readonly Trainable trainable;
    private readonly PlannedExecutor planned;
    private readonly DataParallel strategy;
    private readonly Device device;
    private readonly ulong seed;
    private readonly Replicas replicas;
    private readonly bool ownsOptimizer;
    private readonly double? largestNorm;
    private readonly ICommunicator world;
    private readonly bool mayOverlap; // a rank that keeps only its part of the gradients has nothing left to add to
    private int passes, lastPasses; // backward passes since the step before, and those that led to it
    private bool isReducing, isAveraged;

    internal LoopModel(Graph graph, Optimizer? optimizer, IObjective objective, TrainerOptions options,
        ICommunicator world, Device device, long promised)
    {
        if (options.Zero == 3) throw new UsageException("--zero 3 is the trainer's: a loop of one's own may read parameters at any time, when they are not there; choose --zero 2");
        graph.to(device);
        options.Prepare(graph);
        TrainingMode.Begin(graph, world.Rank == 0);
        trainable = new Trainable(graph);
        (ownsOptimizer, this.world, this.device, seed, mayOverlap) = (optimizer is null, world, device, options.Seed, options.Zero < 2);
        (Graph, Optimizer) = (graph,
            optimizer ?? OptimizerList.Create(options.Optimizer, options.Momentum, options.WeightDecay));
        replicas = new Replicas(world, graph);
        replicas.BroadcastModel();
        var fit = options.Memory.Length > 0
            ? MemoryFit.Make(new(graph, options, objective, IsWhole: true, Promised: promised), world) : null;
        planned = new PlannedExecutor(graph, options, schedule: null, fit, objective, trainable,
            options.BatchSize / world.Size, world, device);
        planned.Renew();
        PlanDescription = planned.Description is { } text ? $"{graph.Name}: {text}" : null;
        Promised = (planned.PeakBytes ?? 0) + (fit?.Trained.State ?? 0);
        strategy = options.Zero > 0
            ? new ZeroDataParallel(options.Zero) { BucketBytes = options.BucketBytes, Overlap = options.Overlap }
            : new DataParallel { BucketBytes = options.BucketBytes, Overlap = options.Overlap };
        Optimizer.Begin(trainable.All);
        Optimizer.Assign(trainable.Parameters);
        largestNorm = options.ClipNorm > 0 ? options.ClipNorm
            : options.LogGradientNorm ? double.PositiveInfinity : null;
        Connect();
    }

    private void Connect()
    {
        strategy.Setup(new StrategyContext(world, Graph, planned.Executor, Optimizer, trainable.Parameters, device, seed));
        strategy.Unused.Watch();
        planned.Executor.BackwardBegins = BackwardBegins;
        planned.Executor.GradientReady += Ready;
    }

    /// <summary>The executor of what is trainable now: planned anew where layers were frozen or freed since the last step.</summary>
    private Executor Current()
    {
        if (planned.Executor.IsCurrent) return planned.Executor;
        if (passes > 0) throw new UsageException($"{Graph.Name}: freeze and free layers between steps, not between the backward passes of one");
        using var before = planned.Renew(); // until the strategy has let go of it
        IDividesOptimizer.SetUpAnew(world, strategy, Optimizer, device, Connect);
        return planned.Executor;
    }

    /// <summary>The net.</summary>
    public Graph Graph { get; }
    /// <summary>Steps it.</summary>
    public Optimizer Optimizer { get; }
    /// <summary>What its schedule does.</summary>
    public Schedule Schedule => planned.Executor.Schedule;
    /// <summary>
    /// Norm of the gradients of the last step, where it was clipped or <see cref="TrainerOptions.LogGradientNorm"/> is
    /// set.
    /// </summary>
    public double? GradientNorm { get; private set; }

    /// <summary>Of the last step; ranks that disagree are told at the next <see cref="TrainingLoop.Note"/>.</summary>
    internal double LearningRate { get; private set; }
    internal string? PlanDescription { get; }
    /// <summary>Bytes that steps will come to hold: activations and optimiser state.</summary>
    internal long Promised { get; }

    /// <summary>
    /// Forward in training. The outputs are leaves for a loss of one's own; after the loss's <c>backward()</c>,
    /// <see cref="StepState.Backward"/> runs the net backward. Several may be in flight.
    /// </summary>
    /// <param name="inputs">(batch, …) each; they stay the caller's.</param>
    public StepState Forward(params IReadOnlyList<Tensor> inputs) => Current().Forward(inputs);

    /// <summary>
    /// Runs a loss of the outputs of forwards backward, then the nets. Gradients add up until <see cref="Step"/>.
    /// </summary>
    /// <param name="loss">A scalar.</param>
    /// <param name="flights">The forwards it was made of, of one net or several.</param>
    /// <exception cref="UsageException">The loss is no single number, or does not depend on the outputs by autograd.</exception>
    public static void Backward(Tensor loss, params IReadOnlyList<StepState> flights)
    {
        if (loss.numel() != 1) throw new UsageException($"a loss is one number, got ({string.Join(", ", loss.shape)}): take its mean or sum");
        if (!loss.requires_grad) throw new UsageException("the loss does not depend on the outputs by autograd (detach or no_grad within?), so nothing would be trained");
        flights = [.. flights.OrderByDescending(flight => flight.Number)]; // as autograd does it, so that gradients are added in its order
        var turned = flights.Select(flight => TurnedOutputs.Gradients(loss, flight.Outputs)).ToArray();
        loss.backward();
        for (var i = 0; i < flights.Count; i++)
        {
            Tensor?[] gradients = [.. flights[i].Outputs.Select((output, o) => turned[i][o] ?? output.grad)];
            foreach (var gradient in flights[i].Backward(gradients)) gradient?.Dispose();
            foreach (var gradient in turned[i]) gradient?.Dispose();
        }
    }

    /// <summary>Runs a forward backward.</summary>
    /// <param name="flight">The forward.</param>
    /// <param name="outputGradients">Gradients of its outputs, which are disposed, such as those of another net's
    /// inputs; null for what the backward of a loss has left there.</param>
    public static void Backward(StepState flight, IReadOnlyList<Tensor?>? outputGradients)
    {
        foreach (var gradient in flight.Backward(outputGradients)) gradient?.Dispose();
        foreach (var gradient in outputGradients ?? []) gradient?.Dispose();
    }

    /// <summary>Forward, the objective and backward in one, in the fewest bytes.</summary>
    /// <param name="inputs">(batch, …) each.</param>
    /// <param name="targets">What the objective takes.</param>
    /// <param name="scale">Multiplies the gradient.</param>
    /// <returns>The loss.</returns>
    public double Backward(IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> targets, double scale = 1)
        => Current().Step(inputs, targets, scale);

    /// <summary>The outputs in evaluation mode, without gradients; the caller disposes them.</summary>
    public IReadOnlyList<Tensor> Infer(params IReadOnlyList<Tensor> inputs) => Current().Infer(inputs);

    /// <summary>
    /// Averages the gradients over the ranks, clips them, steps the parameters, and begins with gradients of zero
    /// again. They are on their way since the backward pass that was the last one of the step before. Collective.
    /// </summary>
    /// <exception cref="UsageException">No backward pass has run since the last step (on one rank), or the rate is no number.</exception>
    public void Step(double learningRate)
    {
        if (!double.IsFinite(learningRate)) throw new UsageException(FormattableString.Invariant($"{Graph.Name}: a step with the learning rate {learningRate}"));
        if (passes == 0 && world.Size == 1) throw new UsageException($"{Graph.Name}: a step without a backward pass since the last one: nothing has a gradient (LoopModel.Backward runs a loss back into the net)");
        if (!isAveraged) strategy.Unused.Agree(world);
        TakeReplaced();
        if (!isReducing) strategy.Reducer.Begin();
        (isReducing, isAveraged, lastPasses, passes) = (false, false, passes, 0);
        LearningRate = learningRate;
        GradientNorm = strategy.Update(learningRate, largestNorm);
        planned.Executor.Move();
        strategy.Pool.Zero();
        strategy.Unused.Watch();
    }

    /// <summary>
    /// Averages the gradients over the ranks now, so that they can be read and changed before <see cref="Step"/>: without it they may
    /// be on their way. Collective.
    /// </summary>
    public void AverageGradients()
    {
        if (isAveraged) return;
        strategy.Unused.Agree(world);
        TakeReplaced();
        if (!isReducing) strategy.Reducer.Begin();
        strategy.Reducer.Wait();
        (isReducing, isAveraged) = (false, true);
    }

    // A gradient that the user has put in the place of the pool's counts, and one that is cleared leaves its parameter alone.
    private void TakeReplaced()
    {
        var astray = strategy.Pool.Astray().ToList();
        if (astray.Count == 0) return;
        Land(); // what was on its way is averaged once more
        strategy.Pool.Seal();
        foreach (var (i, isCleared) in astray)
            if (isCleared) strategy.Unused.Leave(strategy.Pool.Ranges[i].Parameter);
    }

    /// <summary>
    /// Forgets gradients that are not this net's own, such as those a generator's loss has left in a critic.
    /// Collective.
    /// </summary>
    public void ZeroGradients()
    {
        Land();
        (passes, isAveraged) = (0, false);
        strategy.Pool.Zero();
        strategy.Unused.Begin();
        strategy.Unused.Watch();
    }

    private void BackwardBegins()
    {
        if (!trainable.IsAny) return; // another net learns through this one, which is frozen meanwhile
        if (isAveraged) throw new UsageException($"{Graph.Name}: a backward pass after AverageGradients: average when all passes of a step have run");
        Land(); // a pass more than last time: it adds to what has been averaged, and the sum is averaged once more
        strategy.Unused.Collect(); // of a loss that uses parameters by itself
        strategy.Pool.Seal(); // gradients that the user has cleared, as by zero_grad()
        strategy.Unused.Watch();
        if (++passes != lastPasses || !mayOverlap) return;
        strategy.Reducer.Begin();
        isReducing = true;
    }

    private void Ready(Parameter parameter)
    {
        strategy.Unused.Ready(parameter);
        if (isReducing) strategy.Reducer.Ready(parameter);
    }

    private void Land()
    {
        if (isReducing) strategy.Reducer.Wait();
        isReducing = false;
    }

    internal OptimizerPart OptimizerPart(ICommunicator world, Device device)
        => new(world, Optimizer, () => (strategy as IDividesOptimizer)?.Shards, device);
    internal TrainedPart TrainedPart() => new(() => trainable.Frozen, names => { trainable.Freeze(names); Current(); });
    internal void BroadcastModel() => replicas.BroadcastModel();
    internal void BroadcastBuffers() => replicas.BroadcastBuffers();

    /// <inheritdoc/>
    public void Dispose()
    {
        strategy.Dispose();
        planned.Dispose();
        if (ownsOptimizer) Optimizer.Dispose();
    }
}
