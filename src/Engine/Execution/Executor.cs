using System.Runtime.InteropServices;
using Interactive.Graphs;
using Interactive.Layouts;
using Interactive.Memory;
using Interactive.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Runs a graph under a schedule: forward, loss and backward, node by node. Each node runs directly, or on detached
/// inputs with an autograd graph of its own, so the schedule alone decides how long a tensor lives. Loss and gradients
/// have the bits of whole-graph autograd: nodes run backward in the reverse of their creation, which is autograd's own
/// order.
/// </summary>
public sealed class Executor : IDisposable
{
    private readonly Graph graph;
    private readonly ExecutionPlan plan;
    private readonly StepLoss loss;
    private readonly List<MicroBatch> all = [];
    private readonly Stack<MicroBatch> idle = [];

    /// <summary>
    /// Prepares to run <paramref name="graph"/>, which keeps owning its parameters. Their <c>requires_grad</c> is read
    /// here.
    /// </summary>
    /// <param name="graph">The model, on the device where it will run.</param>
    /// <param name="schedule">A schedule over <c>Fusion.Fuse(graph)</c>; default: keep everything, recompute
    /// nothing.</param>
    /// <param name="objective">What is minimised; default: softmax cross-entropy.</param>
    /// <exception cref="UsageException">The schedule was planned for another graph or with other layers
    /// frozen.</exception>
    public Executor(Graph graph, Schedule? schedule = null, IObjective? objective = null)
        : this(graph, schedule, objective, null) { }

    private Executor(Graph graph, Schedule? schedule, IObjective? objective, StageSchedule? stage)
    {
        this.graph = graph;
        Objective = objective ?? new CrossEntropy();
        plan = new ExecutionPlan(graph, schedule, Objective, stage);
        loss = new StepLoss(plan, Objective);
    }

    /// <summary>One that runs a stage of the graph and nothing else.</summary>
    internal static Executor OfStage(Graph graph, StageSchedule stage, IObjective objective)
        => new(graph, stage.Schedule, objective, stage);

    /// <summary>
    /// Seeds the generator before a random node's first run in a micro-batch, by the node's number; null (default): it
    /// goes on from where it is.
    /// </summary>
    internal Func<int, long>? Stream { get; set; }

    /// <summary>
    /// By node: parameters of several uses with the tensor to which this one adds; null (default): each micro-batch's
    /// uses are added first.
    /// </summary>
    internal IReadOnlyDictionary<int, IReadOnlyList<(Parameter Parameter, Tensor Sum)>>? Uses { get; set; }

    /// <summary>A micro-batch of a stage.</summary>
    internal MicroBatch Take() => Rent();

    /// <summary>The loss of the last stage's outputs, which have gradients afterwards.</summary>
    internal double Loss(MicroBatch state, IReadOnlyList<Tensor> targets, double gradientScale)
    {
        loss.RequireFit(targets);
        return loss.Run(state, targets, gradientScale).Read();
    }

    /// <summary>Gradients of zero in place of a loss, where nothing is to be learnt from the last stage's outputs.</summary>
    internal void NoLoss(MicroBatch state)
    {
        foreach (var output in plan.Graph.Outputs)
            if (output.NeedsGradient)
                state.Gradients.Add(output, new SharedGradient(zeros_like(state.Values.Find(output)!)));
    }

    /// <summary>The same with a function for the objective.</summary>
    /// <param name="graph">The model, on the device where it will run.</param>
    /// <param name="schedule">As above.</param>
    /// <param name="loss">(output, target) to a scalar; null: softmax cross-entropy.</param>
    /// <param name="lossReadsOutput">Whether the loss's backward reads the output; if not, its bytes go before
    /// backward.</param>
    public Executor(Graph graph, Schedule? schedule, Func<Tensor, Tensor, Tensor>? loss, bool lossReadsOutput = true)
        : this(graph, schedule, loss is null ? null : Execution.Objective.From(loss, lossReadsOutput)) { }

    /// <summary>What is being run.</summary>
    public Schedule Schedule => plan.Schedule;

    /// <summary>What is minimised.</summary>
    public IObjective Objective { get; }

    /// <summary>The trainable parameters in the order in which their gradients become complete.</summary>
    public IEnumerable<Parameter> BackwardOrder => plan.Completes.Reverse().SelectMany(p => p);

    /// <summary>
    /// False once some parameter's <c>requires_grad</c> is another than it was: then another executor is needed.
    /// </summary>
    public bool IsCurrent => plan.Changed() is null;

    /// <summary>
    /// The number under which the loss is announced to <see cref="StepBegins"/> and <see cref="StepEnds"/>.
    /// </summary>
    internal const int LossStep = -1;
    /// <summary>The step of the schedule after which the loss is computed.</summary>
    internal int LossAt => plan.LossAt;
    /// <summary>Called around each step of the schedule with its number, for measuring.</summary>
    internal Action<int>? StepBegins, StepEnds;

    /// <summary>How often the parameters have been stepped: a forward from before has been made with others.</summary>
    internal long Moves { get; private set; }

    /// <summary>The parameters have been stepped.</summary>
    internal void Move() => Moves++;

    /// <summary>Called before each backward pass, of which a step may have several.</summary>
    internal Action? BackwardBegins;

    /// <summary>
    /// Serves the temporary tensors of steps from one block; null (default) for malloc. Stays the caller's.
    /// </summary>
    public StepArena? Arena { get; init; }

    /// <summary>Raised once per parameter and step, on the stepping thread, when its gradient is complete.</summary>
    public event Action<Parameter>? GradientReady;

    /// <summary>Parameters that a pass may leave without a gradient, because the loss does not depend on their layers.</summary>
    internal IReadOnlyList<Parameter> MayBeMissed => plan.MayBeMissed();

    /// <summary>Called for each parameter of a node that a gradient has reached, before the node runs backward.</summary>
    internal Action<Parameter>? GradientFound;

    internal void Announce(Parameter parameter) => GradientReady?.Invoke(parameter);

    /// <summary>Whether the last step's loss wrote its gradient over the output.</summary>
    internal bool LossOverwrote => loss.Overwrote;

    /// <summary>One forward, loss and backward of a net with one input and one target.</summary>
    /// <inheritdoc cref="Step(IReadOnlyList{Tensor}, IReadOnlyList{Tensor}, double)"/>
    public double Step(Tensor input, Tensor target, double gradientScale = 1) => Step([input], [target], gradientScale);

    /// <summary>
    /// One forward, loss and backward in the modules' own modes. Gradients are added to the parameters' <c>grad</c> as
    /// autograd does.
    /// </summary>
    /// <param name="inputs">(batch, …) each, of the graph's inputs' shapes and types; they stay the caller's.</param>
    /// <param name="targets">What the objective takes; they stay the caller's.</param>
    /// <param name="gradientScale">Multiplies the gradient (not the loss returned): 1 / accumulation steps, or a loss
    /// scale.</param>
    /// <returns>The loss.</returns>
    /// <exception cref="UsageException">The batch does not fit the graph or the objective, or <see cref="IsCurrent"/>
    /// is false.</exception>
    /// <exception cref="OutOfMemoryException">There was no memory for a tensor.</exception>
    public double Step(IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> targets, double gradientScale = 1)
    {
        Require(inputs);
        loss.RequireFit(targets);
        return Arena is null ? RunSteps(inputs, targets, gradientScale)
            : Arena.Run(() => RunSteps(inputs, targets, gradientScale));
    }

    private double RunSteps(IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> targets, double gradientScale)
    {
        using var scope = NewDisposeScope();
        var state = Rent();
        try
        {
            return Explaining("a step", inputs[0].shape[0], () =>
            {
                state.RunForward(inputs);
                StepBegins?.Invoke(LossStep);
                var value = loss.Run(state, targets, gradientScale);
                StepEnds?.Invoke(LossStep);
                state.RunBackward();
                return value.Read();
            });
        }
        finally { Return(state); }
    }

    /// <summary>
    /// Runs a part of a step; where memory runs out in it the exception says what was asked for and under which plan.
    /// </summary>
    internal T Explaining<T>(string part, long samples, Func<T> run)
    {
        try { return run(); }
        catch (ExternalException e) when (AllocationFailure.Is(e))
        {
            var foreseen = Schedule.PeakBytes is { } peak ? $", which was said to take {ByteText.Of(peak)} of activations{(Schedule.Batch is { } batch ? $" with {batch} samples" : "")}" : "";
            throw AllocationFailure.Explained(e,
                $"{part} of {graph.Name} with {samples} samples under the plan '{Schedule.Planner}'{foreseen}");
        }
    }

    /// <summary>
    /// Forward in the modules' own modes, for a loop that computes the gradients of the outputs itself. Several
    /// forwards may be in flight; each has one <see cref="StepState.Backward"/>.
    /// </summary>
    /// <param name="inputs">(batch, …) each, of the graph's inputs' shapes and types; they stay the caller's, unchanged
    /// until backward.</param>
    /// <returns>What is in flight, with the outputs; the caller disposes it.</returns>
    /// <exception cref="UsageException">The inputs do not fit the graph, or <see cref="IsCurrent"/> is
    /// false.</exception>
    /// <exception cref="OutOfMemoryException">There was no memory for a tensor.</exception>
    public StepState Forward(params IReadOnlyList<Tensor> inputs)
    {
        Require(inputs);
        var state = Rent();
        using var scope = NewDisposeScope();
        var isDone = false;
        try
        {
            return Explaining("a forward", inputs[0].shape[0], () =>
            {
                state.RunForward(inputs);
                var result = new StepState(this, plan.Graph, state, inputs[0].shape[0]);
                isDone = true;
                return result;
            });
        }
        finally
        {
            if (!isDone) Return(state);
        }
    }

    /// <summary>The output in evaluation mode, without gradients. The caller disposes it.</summary>
    public Tensor Infer(Tensor input)
    {
        var outputs = Infer([input]);
        for (var i = 1; i < outputs.Count; i++) outputs[i].Dispose();
        return outputs[0];
    }

    /// <summary>
    /// The outputs in evaluation mode, without gradients; every module keeps its mode. The caller disposes them.
    /// </summary>
    /// <param name="inputs">(batch, …) each; they stay the caller's.</param>
    /// <exception cref="UsageException">The inputs do not fit the graph.</exception>
    public IReadOnlyList<Tensor> Infer(IReadOnlyList<Tensor> inputs)
    {
        InputCheck.Require(graph, inputs);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var modes = new ModuleModes(plan.Modules);
        if (modes.AnyTrains)
            foreach (var module in plan.Modules) module.eval();
        try
        {
            return [.. plan.Graph.Run(inputs, _ => new RunMode(Training: false))
            .Select(t => t.MoveToOuterDisposeScope())];
        }
        catch (ExternalException e) when (AllocationFailure.Is(e))
        {
            throw AllocationFailure.Explained(e,
            $"{inputs[0].shape[0]} samples through {graph.Name} without gradients");
        }
    }

    private void Require(IReadOnlyList<Tensor> inputs)
    {
        InputCheck.Require(graph, inputs);
        if (plan.Changed() is { } name)
            throw new UsageException($"{name} was frozen or freed after the executor was made: make another one");
        if (inputs[0].shape[0] == 1 && plan.TooFew() is { } norm)
            throw new UsageException($"{norm} takes the statistics of a batch, and one sample has no variance: give it two samples or more, or set it to eval()");
    }

    private MicroBatch Rent()
    {
        if (idle.TryPop(out var state)) return state;
        all.Add(state = new MicroBatch(this, plan));
        return state;
    }

    internal void Return(MicroBatch state)
    {
        state.Clear();
        idle.Push(state);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var state in all) state.Dispose();
    }
}
