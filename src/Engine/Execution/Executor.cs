using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Runtime;
using Interactive.Runtime.Kernels;
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
    private readonly bool letsOutputGo;   // softmax cross-entropy keeps log-probabilities, not the output
    private readonly Step[] steps;
    private readonly sbyte[] inPlace;     // per step: the input whose bytes the output takes over, or -1
    private readonly NodeState[] nodes;
    private readonly Tensor?[] held;      // a value's bytes, while they are alive
    private readonly SharedGradient?[] gradients; // the gradient of a value, summed over the consumers run so far
    private readonly List<Parameter>[] completes; // parameters whose gradient is complete after a node's backward
    private readonly TiedGradients tied = new();  // of parameters of several nodes
    private readonly Tensor nothing = empty(0).DetachFromDisposeScope();
    private readonly Tensor one = empty(1).DetachFromDisposeScope();

    /// <summary>Prepares to run <paramref name="graph"/>, which keeps owning its parameters.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="schedule">A schedule over <c>Fusion.Fuse(graph)</c>; default: keep everything, recompute nothing.</param>
    /// <param name="loss">(output, target) to a scalar; default: softmax cross-entropy.</param>
    /// <param name="lossReadsOutput">Whether the loss's backward reads the output; false for softmax cross-entropy, and then its bytes go before backward.</param>
    public Executor(Graph graph, Schedule? schedule = null, Func<Tensor, Tensor, Tensor>? loss = null, bool lossReadsOutput = true)
    {
        this.graph = Fusion.Fuse(graph);
        this.loss = loss ?? Losses.CrossEntropy;
        letsOutputGo = (loss is null || !lossReadsOutput) && PlanningGraph.EndsWithLoss(this.graph);
        Schedule = schedule ?? KeepAll.Schedule(this.graph);
        steps = [.. Schedule.Steps];
        inPlace = InPlace.Find(this.graph, steps);
        nodes = [.. this.graph.Nodes.Select(n => new NodeState(n))];
        held = new Tensor?[nodes.Length + 1];
        gradients = new SharedGradient?[nodes.Length + 1];
        completes = [.. nodes.Select(_ => new List<Parameter>())];
        var seen = new HashSet<nint>();
        foreach (var node in this.graph.Nodes) // the first user in forward order runs backward last
            foreach (var parameter in node.Op.Parameters)
                if (!parameter.requires_grad) continue;
                else if (seen.Add(parameter.Identity())) completes[node.Id].Add(parameter);
                else tied.Add(parameter);
    }

    /// <summary>What is being run.</summary>
    public Schedule Schedule { get; }

    /// <summary>The trainable parameters in the order in which their gradients become complete.</summary>
    public IEnumerable<Parameter> BackwardOrder => completes.Reverse().SelectMany(p => p);

    /// <summary>The number under which the loss is announced to <see cref="StepBegins"/> and <see cref="StepEnds"/>.</summary>
    internal const int LossStep = -1;
    /// <summary>Called around each step of the schedule with its number, for measuring.</summary>
    internal Action<int>? StepBegins, StepEnds;

    /// <summary>Serves the temporary tensors of steps from one block; null (default) for malloc. Stays the caller's.</summary>
    public StepArena? Arena { get; init; }

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
        => Arena is null ? RunSteps(input, target, gradientScale) : Arena.Run(() => RunSteps(input, target, gradientScale));

    private double RunSteps(Tensor input, Tensor target, double gradientScale)
    {
        using var scope = NewDisposeScope();
        try
        {
            held[0] = input.detach();
            tied.SetAside();
            var value = double.NaN;
            for (var i = 0; i < steps.Length; i++)
            {
                StepBegins?.Invoke(i);
                var step = steps[i];
                var isLoss = false;
                switch (step.Kind)
                {
                    case StepKind.Forward or StepKind.ForwardOnly:
                        isLoss = step.Id == graph.Output.Id - 1 && !nodes[step.Id].HasRun;
                        Run(nodes[step.Id], keepGraph: step.Kind == StepKind.Forward, inPlace[i]);
                        break;
                    case StepKind.Free: Free(step.Id); break;
                    case StepKind.Forget: nodes[step.Id].DropGraph(); break;
                    case StepKind.ParameterGradients: ParameterGradients(nodes[step.Id], step.Way); break;
                    case StepKind.Backward: Backward(nodes[step.Id], step.Way); break;
                }
                StepEnds?.Invoke(i);
                if (!isLoss) continue;
                StepBegins?.Invoke(LossStep);
                value = Loss(target, gradientScale);
                StepEnds?.Invoke(LossStep);
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

    private void Run(NodeState state, bool keepGraph, int into)
    {
        var node = state.Node;
        var mode = new RunMode(Training: true, Recompute: state.HasRun, Masked: true);
        if (node.Op.IsRandom && !state.HasRun) state.KeepGenerator();
        using var replay = node.Op.IsRandom && state.HasRun ? state.ReplayGenerator() : null;
        var output = node.Output.Id;
        if (held[output] is not null) Free(output); // the old bytes go before the new ones come

        if (node.Op.SumWeights is not null || node.Op.IsView) held[output] = RunWithoutGraph(state, mode, into);
        else if (keepGraph)
        {
            var leaves = state.Leaves = MakeLeaves(node);
            state.Root = RunWithGraph(state, leaves, mode with { Rows = node.Op.WorksOnRows && node.Inputs[0].Shape.Rank > 1 });
            held[output] = node.Op.WorksOnRows ? AsValue(state.Root, Held(node.Inputs[0], node)) : state.Root.detach();
            // A leaf lives as long as its graph: let go of bytes that backward will not read.
            for (var i = 0; i < leaves.Length; i++)
                if (!state.Saved.Input(i) && state.Saved.Swappable && node.Inputs[i].Producer is not null) LetGo(leaves[i]);
        }
        else
        {
            using var noGrad = no_grad();
            held[output] = RunWithoutGraph(state, mode, into);
        }
        if (state.HasRun) SetSaved(node.Output, held[output]!);
        state.HasRun = true;
    }

    private Tensor[] MakeLeaves(Node node)
    {
        nodes[node.Id].DropGraph();
        var leaves = new Tensor[node.Inputs.Count];
        for (var i = 0; i < leaves.Length; i++)
        {
            leaves[i] = node.Op.WorksOnRows ? AsRows(Held(node.Inputs[i], node)) : Held(node.Inputs[i], node).detach();
            if (node.Inputs[i].Producer is not null) leaves[i].requires_grad_(true);
        }
        return leaves;
    }

    private static Tensor RunWithGraph(NodeState state, Tensor[] leaves, RunMode mode)
    {
        if (state.Node.Op is IOwnBackward own && own.Takes(leaves[0]))
        {
            using var noGrad = no_grad();
            var output = own.Forward(leaves[0], mode, out var kept);
            state.Kept = kept;
            if (own is IReapplied) state.KeepStatistics([.. kept.Select(t => t.alias())]); // which outlive what backward needs
            return output;
        }
        if (state.Node.Op is not IReapplied op || !op.Reapplies(leaves[0])) return state.Node.Op.Forward(leaves, mode);
        var root = op.Forward(leaves[0], mode, out var statistics);
        state.KeepStatistics(statistics);
        return root;
    }

    private Tensor RunWithoutGraph(NodeState state, RunMode mode, int into)
    {
        var node = state.Node;
        var inputs = new Tensor[node.Inputs.Count];
        for (var i = 0; i < inputs.Length; i++) inputs[i] = Held(node.Inputs[i], node);
        if (into >= 0 && inputs.All(ElementKernels.Takes))
        {
            if (inputs.Length == 1) ElementKernels.Rectify(inputs[0]);
            else ElementKernels.Add(inputs[0], inputs[1], inputs[into], node.Op.Rectifies);
            return inputs[into].alias();
        }
        return state.Statistics is { } statistics ? ((IReapplied)node.Op).Reapply(inputs[0], statistics) : node.Op.Forward(inputs, mode);
    }

    private Tensor Held(Value value, Node reader)
        => held[value.Id] ?? throw new InvalidOperationException($"the schedule runs {reader.Name} after freeing its input {value.Name}");

    // Detached after flattening: a view would hold on to the bytes of what it is a view of.
    private static Tensor AsRows(Tensor value)
    {
        if (value.dim() <= 2) return value.detach();
        using var rows = value.flatten(0, -2);
        return rows.detach();
    }

    private static Tensor AsValue(Tensor rows, Tensor like)
    {
        using var bare = rows.detach();
        return bare.view([.. like.shape[..^1], bare.shape[^1]]);
    }

    /// <summary>Points the consumers that saved this value for backward at other bytes.</summary>
    private void SetSaved(Value value, Tensor data)
    {
        foreach (var consumer in value.Consumers)
        {
            var state = nodes[consumer.Id];
            if (state.Leaves is not { } leaves) continue;
            for (var i = 0; i < leaves.Length; i++)
                if (consumer.Inputs[i] == value && state.Saved.Input(i) && state.Saved.Swappable)
                    if (consumer.Op.WorksOnRows)
                        using (var rows = AsRows(data)) Aten.SetData(leaves[i], rows);
                    else Aten.SetData(leaves[i], data);
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
        if (letsOutputGo)
        {
            LetGo(output);
            Free(graph.Output.Id);
        }
        if (gradientScale == 1) result.backward();
        else
        {
            using var scale = Scalars.Of(gradientScale);
            autograd.backward([result], [full_like(result, scale)]);
        }
        gradients[graph.Output.Id] = new SharedGradient(output.grad!.MoveToOuterDisposeScope());
        return result.to_type(ScalarType.Float64).item<double>();
    }

    private void ParameterGradients(NodeState state, int way)
    {
        var node = state.Node;
        if (Arrived(state) is not { } gradient) return;
        using (var rows = RowsOf(gradient, node))
            if (!HaveGradients(node)) autograd.backward([state.Root!], [rows]); // hands a first gradient over as it is
            else
            {
                using var input = state.Leaves![0].detach();
                ((IBackwardInParts)node.Op).AddParameterGradients(input, rows, way);
            }
        state.HasAddedGradients = true;
        gradients[node.Output.Id] = gradient;
    }

    private static bool HaveGradients(Node node)
    {
        foreach (var parameter in node.Op.Parameters)
            if (parameter.requires_grad)
            {
                using var gradient = parameter.grad;
                if (gradient is null) return false;
            }
        return true;
    }

    private void Backward(NodeState state, int way)
    {
        var node = state.Node;
        if (Arrived(state) is { } gradient)
            if (node.Op.SumWeights is { } weights) PassOn(node, gradient, weights);
            else if (node.Op.IsView) PassView(node, gradient);
            else BackwardGraph(state, gradient, way);
        state.DropGraph();
        state.DropStatistics();
        held[node.Output.Id]?.Dispose();
        held[node.Output.Id] = null;
        foreach (var parameter in completes[node.Id])
        {
            tied.Join(parameter);
            GradientReady?.Invoke(parameter);
        }
    }

    /// <summary>Takes the gradient of a node's output, masked; the output itself is read by nobody any more.</summary>
    private SharedGradient? Arrived(NodeState state)
    {
        var node = state.Node;
        if (gradients[node.Output.Id] is not { } gradient) return null;
        gradients[node.Output.Id] = null;
        if (node.Op.Rectifies && !state.HasAddedGradients) gradient = gradient.Masked(held[node.Output.Id]
            ?? throw new InvalidOperationException($"the schedule runs the backward of {node.Name} after freeing its output"));
        if (held[node.Output.Id] is not null) Free(node.Output.Id);
        return gradient;
    }

    private static Tensor RowsOf(SharedGradient gradient, Node node)
        => node.Op.WorksOnRows && gradient.Tensor.dim() > 2 ? gradient.Tensor.flatten(0, -2) : gradient.Tensor.alias();

    private void BackwardGraph(NodeState state, SharedGradient gradient, int way)
    {
        var node = state.Node;
        var arriving = new Tensor?[node.Inputs.Count];
        var shape = gradient.Tensor.shape;
        if (state.Kept is { } kept)
        {
            using var noGrad = no_grad();
            arriving[0] = ((IOwnBackward)node.Op).Backward(state.Leaves![0], gradient.Tensor, kept);
            if (node.Inputs[0].Producer is null)
            {
                arriving[0]!.Dispose();
                arriving[0] = null;
            }
        }
        else if (state.Root is { requires_grad: true } root)
        {
            using var rows = RowsOf(gradient, node);
            if (!state.HasAddedGradients) autograd.backward([root], [rows]);
            for (var i = 0; i < arriving.Length; i++)
                if (node.Inputs[i].Producer is not null) arriving[i] = state.Leaves![i].grad ?? InputGradient(state, rows, way);
        }
        gradient.Release();
        state.DropGraph();
        for (var i = 0; i < arriving.Length; i++)
            if (arriving[i] is { } tensor)
                if (node.Op.WorksOnRows && shape.Length > 2)
                    using (tensor) Accumulate(node.Inputs[i], new SharedGradient(tensor.view([.. shape[..^1], tensor.shape[^1]])));
                else Accumulate(node.Inputs[i], new SharedGradient(tensor));
    }

    private static Tensor InputGradient(NodeState state, Tensor gradient, int way)
    {
        using var like = BlankTensor.Of(state.Node.Inputs[0].Shape.WithBatch(gradient.shape[0])); // the input may have been freed
        return ((IBackwardInParts)state.Node.Op).InputGradient(like, gradient, way);
    }

    private void PassOn(Node node, SharedGradient gradient, IReadOnlyList<double> weights)
    {
        for (var i = 0; i < weights.Count; i++)
            if (node.Inputs[i].Producer is not null)
                Accumulate(node.Inputs[i], weights[i] == 1 ? gradient.Share() : new SharedGradient(gradient.Tensor.mul(weights[i])));
        gradient.Release();
    }

    private void PassView(Node node, SharedGradient gradient)
    {
        if (node.Inputs[0].Producer is not null)
        {
            using var own = gradient.IsShared ? gradient.Tensor.clone() : gradient.Tensor.alias();
            Accumulate(node.Inputs[0], new SharedGradient(own.view(node.Inputs[0].Shape.WithBatch(own.shape[0]))));
        }
        gradient.Release();
    }

    private void Accumulate(Value value, SharedGradient arriving)
        => gradients[value.Id] = gradients[value.Id] is { } sum ? sum.Add(arriving) : arriving;

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
