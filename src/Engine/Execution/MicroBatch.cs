using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>The values, gradients and autograd graphs of one micro-batch while it runs through a plan.</summary>
internal sealed class MicroBatch : IDisposable
{
    private readonly Executor owner;
    private readonly ExecutionPlan plan;
    private readonly NodeState[] nodes;
    private readonly NodeForward forward;
    private readonly NodeBackward backward;
    private readonly TiedGradients tied;
    private bool ownWays; // the batch has the size for which ways to run backward were chosen

    public MicroBatch(Executor owner, ExecutionPlan plan)
    {
        (this.owner, this.plan) = (owner, plan);
        nodes = [.. plan.Graph.Nodes.Select(n => new NodeState(n))];
        Values = new LiveValues(nodes, plan.Device);
        Gradients = new GradientFlow(Values, nodes.Length);
        forward = new NodeForward(Values, plan);
        backward = new NodeBackward(Values, Gradients);
        tied = new TiedGradients(plan.Tied);
    }

    /// <summary>By node.</summary>
    public NodeState[] Nodes => nodes;
    public NodeForward NodeForward => forward;
    public NodeBackward NodeBackward => backward;
    public LiveValues Values { get; }
    public GradientFlow Gradients { get; }

    /// <summary>Forward up to the outputs.</summary>
    /// <param name="inputs">Of the graph; they stay the caller's.</param>
    /// <param name="received">What a stage is given by the one before; taken over.</param>
    public void RunForward(IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor>? received = null)
    {
        for (var i = 0; i < inputs.Count; i++) Values.Begin(plan.Graph.Inputs[i], inputs[i].detach());
        for (var i = 0; i < received?.Count; i++) Values.Begin(plan.Stage!.Stage.Inputs[i], received[i]);
        ownWays = plan.Schedule.Batch is not { } planned || planned == inputs[0].shape[0];
        for (var i = 0; i <= plan.LossAt; i++) Run(i);
    }

    /// <summary>What is left of the schedule, once outputs have gradients.</summary>
    public void RunBackward()
    {
        owner.BackwardBegins?.Invoke();
        if (owner.Uses is null) tied.SetAside();
        for (var i = plan.LossAt + 1; i < plan.BackwardEnd; i++) Run(i);
    }

    /// <summary>The gradients of parameters that backward has put off.</summary>
    public void RunDeferred()
    {
        for (var i = plan.BackwardEnd; i < plan.Steps.Length; i++)
            Execution.NodeBackward.DeferredParameters(nodes[plan.Steps[i].Id], plan.Steps[i].Way);
    }

    private void Run(int at)
    {
        owner.StepBegins?.Invoke(at);
        var step = plan.Steps[at];
        switch (step.Kind)
        {
            case StepKind.Forward or StepKind.ForwardOnly:
                if (owner.Stream is { } stream && nodes[step.Id] is { HasRun: false, Node.Op.IsRandom: true })
                    Devices.ManualSeed(stream(step.Id));
                forward.Run(nodes[step.Id], forBackward: step.Kind == StepKind.Forward, plan.InPlace[at]);
                break;
            case StepKind.Free: Values.Free(step.Id); break;
            case StepKind.ParameterGradients:
                AddTo(step.Id);
                backward.Parameters(nodes[step.Id], step.Way, ownWays);
                break;
            case StepKind.InputGradient:
                Find(step.Id);
                backward.Input(nodes[step.Id], step.Way, ownWays);
                break;
            case StepKind.Backward:
                AddTo(step.Id);
                Find(step.Id);
                backward.Run(nodes[step.Id], step.Way);
                foreach (var parameter in plan.Completes[step.Id]) Announce(parameter);
                break;
        }
        owner.StepEnds?.Invoke(at);
    }

    private void Find(int node)
    {
        if (owner.GradientFound is not { } found || Gradients.Find(nodes[node].Node.Output) is null) return;
        foreach (var parameter in nodes[node].Node.Op.Parameters) found(parameter);
    }

    private void AddTo(int node)
    {
        if (owner.Uses?.TryGetValue(node, out var uses) is not true) return;
        foreach (var (parameter, sum) in uses) parameter.grad = sum;
    }

    private void Announce(Parameter parameter)
    {
        tied.Join(parameter);
        owner.Announce(parameter);
    }

    /// <summary>Keeps what is alive beyond the dispose scope of the code that runs.</summary>
    public void Detach()
    {
        foreach (var tensor in Values.Alive.Concat(nodes.SelectMany(n => n.Alive))) tensor.DetachFromDisposeScope();
    }

    /// <summary>The same, and hands out the outputs.</summary>
    public IReadOnlyList<Tensor> Keep()
    {
        Detach();
        return [.. plan.Graph.Outputs
            .Select(o => Values.Find(o)!.detach().requires_grad_(o.NeedsGradient).DetachFromDisposeScope())];
    }

    /// <summary>Empty again, ready for another.</summary>
    public void Clear()
    {
        foreach (var node in nodes) node.Reset();
        Values.Clear();
        Gradients.Clear();
        tied.PutBack();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Clear();
        Values.Dispose();
    }
}
