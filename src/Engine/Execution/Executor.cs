using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Runs a graph under a schedule: forward, loss and backward, node by node. Each node runs on detached inputs with an
/// autograd graph of its own, so the schedule alone decides how long a tensor lives. Loss and gradients have the bits of
/// whole-graph autograd: nodes run backward in the reverse of their creation, which is autograd's own order.
/// </summary>
public sealed class Executor : IDisposable
{
    private readonly Graph graph;
    private readonly Func<Tensor, Tensor, Tensor> loss;
    private readonly NodeState[] nodes;
    private readonly Tensor?[] held;      // a value's bytes, while they are alive
    private readonly Tensor?[] gradients; // the gradient of a value, summed over the consumers run so far
    private readonly List<Parameter>[] completes; // parameters whose gradient is complete after a node's backward
    private readonly List<Parameter> tied = [];   // parameters of several nodes
    private readonly Dictionary<nint, Tensor> earlier = []; // what tied parameters had accumulated before this step
    private readonly Tensor nothing = empty(0).DetachFromDisposeScope();
    private readonly Tensor one = empty(1).DetachFromDisposeScope();

    /// <summary>Prepares to run <paramref name="graph"/>, which keeps owning its parameters.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="schedule">A schedule over <c>Fusion.Fuse(graph)</c>; default: keep everything, recompute nothing.</param>
    /// <param name="loss">(output, target) to a scalar; default: softmax cross-entropy.</param>
    public Executor(Graph graph, Schedule? schedule = null, Func<Tensor, Tensor, Tensor>? loss = null)
    {
        this.graph = Fusion.Fuse(graph);
        this.loss = loss ?? Losses.CrossEntropy;
        Schedule = schedule ?? KeepAll.Schedule(this.graph);
        nodes = [.. this.graph.Nodes.Select(n => new NodeState(n))];
        held = new Tensor?[nodes.Length + 1];
        gradients = new Tensor?[nodes.Length + 1];
        completes = [.. nodes.Select(_ => new List<Parameter>())];
        var seen = new HashSet<nint>();
        foreach (var node in this.graph.Nodes) // the first user in forward order runs backward last
            foreach (var parameter in node.Op.Parameters)
                if (!parameter.requires_grad) continue;
                else if (seen.Add(parameter.Identity())) completes[node.Id].Add(parameter);
                else if (!tied.Any(t => t.Identity() == parameter.Identity())) tied.Add(parameter);
    }

    /// <summary>What is being run.</summary>
    public Schedule Schedule { get; }

    /// <summary>The trainable parameters in the order in which their gradients become complete.</summary>
    public IEnumerable<Parameter> BackwardOrder => completes.Reverse().SelectMany(p => p);

    /// <summary>Raised once per parameter and step, on the stepping thread, when its gradient is complete.</summary>
    public event Action<Parameter>? GradientReady;

    /// <summary>
    /// One forward, loss and backward in training mode. Gradients are added to the parameters' <c>grad</c> as autograd does.
    /// </summary>
    /// <param name="input">(batch, …) of the graph's input shape; stays the caller's.</param>
    /// <param name="target">What the loss takes; stays the caller's.</param>
    /// <param name="gradientScale">Multiplies the gradient (not the loss returned): 1 / accumulation steps, or a loss scale.</param>
    /// <returns>The loss.</returns>
    public double Step(Tensor input, Tensor target, double gradientScale = 1)
    {
        using var scope = NewDisposeScope();
        try
        {
            held[0] = input.detach();
            SetAsideTied();
            var value = double.NaN;
            foreach (var step in Schedule.Steps)
                switch (step.Kind)
                {
                    case StepKind.Forward or StepKind.ForwardOnly:
                        var first = !nodes[step.Id].HasRun;
                        Run(nodes[step.Id], keepGraph: step.Kind == StepKind.Forward);
                        if (first && step.Id == graph.Output.Id - 1) value = Loss(target, gradientScale);
                        break;
                    case StepKind.Free: Free(step.Id); break;
                    case StepKind.Forget: nodes[step.Id].DropGraph(); break;
                    case StepKind.Backward: Backward(nodes[step.Id]); break;
                }
            return value;
        }
        finally { Clear(); }
    }

    /// <summary>The output in evaluation mode, without gradients. The caller disposes it.</summary>
    public Tensor Infer(Tensor input)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var values = new Tensor?[nodes.Length + 1];
        values[0] = input;
        foreach (var node in graph.Nodes)
        {
            values[node.Output.Id] = node.Op.Forward([.. node.Inputs.Select(v => values[v.Id]!)], new RunMode(Training: false));
            foreach (var value in node.Inputs.Distinct())
                if (value.Producer is not null && value != graph.Output && value.Consumers[^1] == node) values[value.Id]!.Dispose();
        }
        return values[graph.Output.Id]!.MoveToOuterDisposeScope();
    }

    private void Run(NodeState state, bool keepGraph)
    {
        var node = state.Node;
        var mode = new RunMode(Training: true, Recompute: state.HasRun);
        if (node.Op.IsRandom && !state.HasRun) state.KeepGenerator();
        using var replay = node.Op.IsRandom && state.HasRun ? state.ReplayGenerator() : null;
        var output = node.Output.Id;

        if (keepGraph)
        {
            var leaves = new Tensor[node.Inputs.Count];
            for (var i = 0; i < leaves.Length; i++)
            {
                leaves[i] = Held(node.Inputs[i], node).detach();
                if (node.Inputs[i].Producer is not null) leaves[i].requires_grad_(true);
            }
            state.DropGraph();
            state.Root = node.Op.Forward(leaves, mode);
            state.Leaves = leaves;
            held[output]?.Dispose();
            held[output] = state.Root.detach();
            // A leaf lives as long as its graph: let go of bytes that backward will not read.
            for (var i = 0; i < leaves.Length; i++)
                if (!state.Saved.Input(i) && state.Saved.Swappable && node.Inputs[i].Producer is not null) LetGo(leaves[i]);
        }
        else
        {
            using var noGrad = no_grad();
            held[output]?.Dispose();
            held[output] = node.Op.Forward([.. node.Inputs.Select(v => Held(v, node))], mode);
        }
        if (state.HasRun) SetSaved(node.Output, held[output]!);
        state.HasRun = true;
    }

    private Tensor Held(Value value, Node reader)
        => held[value.Id] ?? throw new InvalidOperationException($"the schedule runs {reader.Name} after freeing its input {value.Name}");

    /// <summary>Points the consumers that saved this value for backward at other bytes.</summary>
    private void SetSaved(Value value, Tensor data)
    {
        foreach (var consumer in value.Consumers)
        {
            var state = nodes[consumer.Id];
            if (state.Leaves is not { } leaves) continue;
            for (var i = 0; i < leaves.Length; i++)
                if (consumer.Inputs[i] == value && state.Saved.Input(i)) Aten.SetData(leaves[i], data);
        }
    }

    private void Free(int id)
    {
        held[id]?.Dispose();
        held[id] = null;
        if (id == 0) return;
        var producer = nodes[id - 1];
        SetSaved(producer.Node.Output, nothing);
        if (producer.Root is { } root) Aten.SetData(root, nothing);
    }

    private double Loss(Tensor target, double gradientScale)
    {
        using var scope = NewDisposeScope();
        var output = held[graph.Output.Id]!.detach().requires_grad_(true);
        var result = loss(output, target);
        if (gradientScale == 1) result.backward();
        else autograd.backward([result], [full_like(result, gradientScale)]);
        gradients[graph.Output.Id] = output.grad!.MoveToOuterDisposeScope();
        return result.to_type(ScalarType.Float64).item<double>();
    }

    private void Backward(NodeState state)
    {
        var node = state.Node;
        var gradient = gradients[node.Output.Id];
        if (state.Root is { requires_grad: true } root && gradient is not null)
        {
            autograd.backward([root], [gradient]);
            for (var i = 0; i < node.Inputs.Count; i++)
                if (node.Inputs[i].Producer is not null && state.Leaves![i].grad is { } arriving) Accumulate(node.Inputs[i].Id, arriving);
        }
        gradient?.Dispose();
        gradients[node.Output.Id] = null;
        state.DropGraph();
        held[node.Output.Id]?.Dispose();
        held[node.Output.Id] = null;
        foreach (var parameter in completes[node.Id])
        {
            JoinTied(parameter);
            GradientReady?.Invoke(parameter);
        }
    }

    // Autograd sums the uses of a tied parameter before it adds to what was accumulated: keep that order of additions.
    private void SetAsideTied()
    {
        foreach (var parameter in tied)
            if (parameter.grad is { } gradient)
            {
                earlier[parameter.Identity()] = gradient;
                parameter.grad = null;
            }
    }

    private void JoinTied(Parameter parameter)
    {
        if (!earlier.Remove(parameter.Identity(), out var sum)) return;
        using (no_grad())
            if (parameter.grad is { } added) sum.add_(added);
        parameter.grad = sum;
    }

    private void Accumulate(int value, Tensor arriving)
    {
        if (gradients[value] is { } sum)
        {
            sum.add_(arriving);
            arriving.Dispose();
        }
        else gradients[value] = arriving;
    }

    // An empty tensor would free as much, but accumulating a gradient checks the shape.
    private void LetGo(Tensor leaf)
    {
        using var sameShape = one.expand(leaf.shape);
        Aten.SetData(leaf, sameShape);
    }

    private void Clear()
    {
        foreach (var node in nodes) node.Reset();
        Array.Clear(held);
        Array.Clear(gradients);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        nothing.Dispose();
        one.Dispose();
    }
}
