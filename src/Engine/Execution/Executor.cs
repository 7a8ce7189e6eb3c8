using System.Runtime.InteropServices;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Runs a graph under a schedule: forward, loss and backward, node by node. Each node runs directly, or on detached inputs with
/// an autograd graph of its own, so the schedule alone decides how long a tensor lives. Loss and gradients have the bits of
/// whole-graph autograd: nodes run backward in the reverse of their creation, which is autograd's own order.
/// </summary>
public sealed class Executor : IDisposable
{
    private readonly Graph graph;
    private readonly ExecutionPlan plan;
    private readonly StepLoss loss;
    private readonly List<MicroBatch> all = [];
    private readonly Stack<MicroBatch> idle = [];

    /// <summary>Prepares to run <paramref name="graph"/>, which keeps owning its parameters. Their <c>requires_grad</c> is read here.</summary>
    /// <param name="graph">The model, on the device where it will run.</param>
    /// <param name="schedule">A schedule over <c>Fusion.Fuse(graph)</c>; default: keep everything, recompute nothing.</param>
    /// <param name="objective">What is minimised; default: softmax cross-entropy.</param>
    /// <exception cref="UsageException">The schedule was planned for another graph or with other layers frozen.</exception>
    public Executor(Graph graph, Schedule? schedule = null, IObjective? objective = null)
    {
        this.graph = graph;
        Objective = objective ?? new CrossEntropy();
        plan = new ExecutionPlan(graph, schedule, Objective);
        loss = new StepLoss(plan, Objective);
    }

    /// <summary>The same with a function for the objective.</summary>
    /// <param name="graph">The model, on the device where it will run.</param>
    /// <param name="schedule">As above.</param>
    /// <param name="loss">(output, target) to a scalar; null: softmax cross-entropy.</param>
    /// <param name="lossReadsOutput">Whether the loss's backward reads the output; if not, its bytes go before backward.</param>
    public Executor(Graph graph, Schedule? schedule, Func<Tensor, Tensor, Tensor>? loss, bool lossReadsOutput = true)
        : this(graph, schedule, loss is null ? null : Execution.Objective.From(loss, lossReadsOutput)) { }

    /// <summary>What is being run.</summary>
    public Schedule Schedule => plan.Schedule;

    /// <summary>What is minimised.</summary>
    public IObjective Objective { get; }

    /// <summary>The trainable parameters in the order in which their gradients become complete.</summary>
    public IEnumerable<Parameter> BackwardOrder => plan.Completes.Reverse().SelectMany(p => p);

    /// <summary>False once some parameter's <c>requires_grad</c> is another than it was: then another executor is needed.</summary>
    public bool IsCurrent => plan.Changed() is null;

    /// <summary>The number under which the loss is announced to <see cref="StepBegins"/> and <see cref="StepEnds"/>.</summary>
    internal const int LossStep = -1;
    /// <summary>Called around each step of the schedule with its number, for measuring.</summary>
    internal Action<int>? StepBegins, StepEnds;

    /// <summary>Called before each backward pass, of which a step may have several.</summary>
    internal Action? BackwardBegins;

    /// <summary>Serves the temporary tensors of steps from one block; null (default) for malloc. Stays the caller's.</summary>
    public StepArena? Arena { get; init; }

    /// <summary>Raised once per parameter and step, on the stepping thread, when its gradient is complete.</summary>
    public event Action<Parameter>? GradientReady;

    internal void Announce(Parameter parameter) => GradientReady?.Invoke(parameter);

    /// <summary>Whether the last step's loss wrote its gradient over the output.</summary>
    internal bool LossOverwrote => loss.Overwrote;

    /// <summary>One forward, loss and backward of a net with one input and one target.</summary>
    /// <inheritdoc cref="Step(IReadOnlyList{Tensor}, IReadOnlyList{Tensor}, double)"/>
    public double Step(Tensor input, Tensor target, double gradientScale = 1) => Step([input], [target], gradientScale);

    /// <summary>
    /// One forward, loss and backward in the modules' own modes. Gradients are added to the parameters' <c>grad</c> as autograd does.
    /// </summary>
    /// <param name="inputs">(batch, …) each, of the graph's inputs' shapes and types; they stay the caller's.</param>
    /// <param name="targets">What the objective takes; they stay the caller's.</param>
    /// <param name="gradientScale">Multiplies the gradient (not the loss returned): 1 / accumulation steps, or a loss scale.</param>
    /// <returns>The loss.</returns>
    /// <exception cref="UsageException">The batch does not fit the graph or the objective, or <see cref="IsCurrent"/> is false.</exception>
    public double Step(IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> targets, double gradientScale = 1)
    {
        Require(inputs);
        loss.RequireFit(targets);
        return Arena is null ? RunSteps(inputs, targets, gradientScale) : Arena.Run(() => RunSteps(inputs, targets, gradientScale));
    }

    private double RunSteps(IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> targets, double gradientScale)
    {
        using var scope = NewDisposeScope();
        var state = Rent();
        try
        {
            state.RunForward(inputs);
            StepBegins?.Invoke(LossStep);
            var value = loss.Run(state, targets, gradientScale);
            StepEnds?.Invoke(LossStep);
            state.RunBackward();
            return value.Read();
        }
        catch (ExternalException e) when (AllocationFailure.Is(e))
        {
            throw AllocationFailure.Explained(e, $"a step of {graph.Name} with {inputs[0].shape[0]} samples under the plan '{Schedule.Planner}'");
        }
        finally { Return(state); }
    }

    /// <summary>
    /// Forward in the modules' own modes, for a loop that computes the gradients of the outputs itself. Several forwards may be in flight;
    /// each has one <see cref="StepState.Backward"/>.
    /// </summary>
    /// <param name="inputs">(batch, …) each, of the graph's inputs' shapes and types; they stay the caller's, unchanged until backward.</param>
    /// <returns>What is in flight, with the outputs; the caller disposes it.</returns>
    /// <exception cref="UsageException">The inputs do not fit the graph, or <see cref="IsCurrent"/> is false.</exception>
    public StepState Forward(params IReadOnlyList<Tensor> inputs)
    {
        Require(inputs);
        var state = Rent();
        using var scope = NewDisposeScope();
        var isDone = false;
        try
        {
            state.RunForward(inputs);
            var result = new StepState(this, plan.Graph, state);
            isDone = true;
            return result;
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

    /// <summary>The outputs in evaluation mode, without gradients; every module keeps its mode. The caller disposes them.</summary>
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
        return [.. plan.Graph.Run(inputs, _ => new RunMode(Training: false)).Select(t => t.MoveToOuterDisposeScope())];
    }

    private void Require(IReadOnlyList<Tensor> inputs)
    {
        InputCheck.Require(graph, inputs);
        if (plan.Changed() is { } name) throw new UsageException($"{name} was frozen or freed after the executor was made: make another one");
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
