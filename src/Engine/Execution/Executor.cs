using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Runtime;
using Interactive.Runtime.Kernels;
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
    private readonly Func<Tensor, Tensor, Tensor> loss;
    private readonly bool letsOutputGo;   // softmax cross-entropy keeps log-probabilities, not the output
    private readonly bool mayOverwrite;   // the default loss: its gradient may take the output's place
    private readonly Step[] steps;
    private readonly sbyte[] inPlace;     // per step: the input whose bytes the output takes over, or -1
    private readonly NodeState[] nodes;
    private readonly LiveValues values;
    private readonly GradientFlow gradients;
    private readonly NodeForward forward;
    private readonly NodeBackward backward;
    private readonly List<Parameter>[] completes; // parameters whose gradient is complete after a node's backward
    private readonly TiedGradients tied = new();  // of parameters of several nodes
    private Tensor? unreadLoss;           // of this step, on a GPU

    /// <summary>Prepares to run <paramref name="graph"/>, which keeps owning its parameters.</summary>
    /// <param name="graph">The model, on the device where it will run.</param>
    /// <param name="schedule">A schedule over <c>Fusion.Fuse(graph)</c>; default: keep everything, recompute nothing.</param>
    /// <param name="loss">(output, target) to a scalar; default: softmax cross-entropy.</param>
    /// <param name="lossReadsOutput">Whether the loss's backward reads the output; false for softmax cross-entropy, and then its bytes go before backward.</param>
    public Executor(Graph graph, Schedule? schedule = null, Func<Tensor, Tensor, Tensor>? loss = null, bool lossReadsOutput = true)
    {
        this.graph = Fusion.Fuse(graph);
        this.loss = loss ?? Losses.CrossEntropy;
        letsOutputGo = (loss is null || !lossReadsOutput) && PlanningGraph.EndsWithLoss(this.graph);
        mayOverwrite = loss is null && PlanningGraph.LossMayOverwrite(this.graph);
        Schedule = schedule ?? KeepAll.Schedule(this.graph);
        steps = [.. Schedule.Steps];
        inPlace = InPlace.Find(this.graph, steps);
        nodes = [.. this.graph.Nodes.Select(n => new NodeState(n))];
        values = new LiveValues(nodes, Devices.Of(graph));
        gradients = new GradientFlow(values, nodes.Length);
        forward = new NodeForward(values);
        backward = new NodeBackward(values, gradients);
        completes = [.. nodes.Select(_ => new List<Parameter>())];
        var seen = new HashSet<nint>();
        foreach (var node in this.graph.Nodes) // the first user in forward order runs backward last
            foreach (var parameter in node.Op.Parameters)
                if (!parameter.requires_grad) continue;
                else if (seen.Add(parameter.Identity())) completes[node.Id].Add(parameter);
                else tied.Add(parameter);
    }

    // BRIDGE
    public Executor(Graph graph, Schedule? schedule, IObjective? objective)
        : this(graph, schedule, objective is null or CrossEntropy { Smoothing: 0 } ? null : (o, t) => objective.Loss([o], [t]), objective?.ReadsOutput ?? false) { }
    public double Step(IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> targets, double gradientScale = 1) => Step(inputs[0], targets[0], gradientScale);
    public IReadOnlyList<Tensor> Infer(IReadOnlyList<Tensor> inputs) => [Infer(inputs[0])];

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
            values.Begin(input.detach());
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
                        forward.Run(nodes[step.Id], forBackward: step.Kind == StepKind.Forward, inPlace[i]);
                        break;
                    case StepKind.Free: values.Free(step.Id); break;
                    case StepKind.Forget: nodes[step.Id].DropGraph(); break;
                    case StepKind.ParameterGradients: backward.Parameters(nodes[step.Id], step.Way); break;
                    case StepKind.Backward:
                        backward.Run(nodes[step.Id], step.Way);
                        Announce(step.Id);
                        break;
                }
                StepEnds?.Invoke(i);
                if (!isLoss) continue;
                StepBegins?.Invoke(LossStep);
                value = Loss(target, gradientScale);
                StepEnds?.Invoke(LossStep);
            }
            return unreadLoss is null ? value : unreadLoss.item<double>();
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

    /// <summary>Whether the last step's loss wrote its gradient over the output.</summary>
    internal bool LossOverwrote { get; private set; }

    private double Loss(Tensor target, double gradientScale)
    {
        if (LossOverwrote = mayOverwrite && CrossEntropyInPlace.Takes(values.Find(graph.Output)!)) return LossOverOutput(target, gradientScale);
        using var scope = NewDisposeScope();
        var output = values.Find(graph.Output)!.detach().requires_grad_(true);
        var result = loss(output, target);
        if (letsOutputGo)
        {
            values.LetGo(output);
            values.Free(graph.Output.Id);
        }
        if (gradientScale == 1) result.backward();
        else
        {
            using var scale = Scalars.Of(gradientScale);
            autograd.backward([result], [full_like(result, scale)]);
        }
        gradients.Add(graph.Output, new SharedGradient(output.grad!.MoveToOuterDisposeScope()));
        var value = result.to_type(ScalarType.Float64);
        if (values.Device.type == DeviceType.CPU) return value.item<double>();
        unreadLoss = value.detach().MoveToOuterDisposeScope(); // reading it would wait for the GPU in the middle of the step
        return double.NaN;
    }

    private double LossOverOutput(Tensor target, double gradientScale)
    {
        using var noGrad = no_grad();
        var gradient = values.Find(graph.Output)!.detach();
        var value = CrossEntropyInPlace.Run(gradient, target, gradientScale);
        gradients.Add(graph.Output, new SharedGradient(gradient));
        values.Free(graph.Output.Id);
        return value;
    }

    private void Announce(int node)
    {
        foreach (var parameter in completes[node])
        {
            tied.Join(parameter);
            GradientReady?.Invoke(parameter);
        }
    }

    private void Clear()
    {
        foreach (var node in nodes) node.Reset();
        values.Clear();
        gradients.Clear();
        unreadLoss = null;
    }

    /// <inheritdoc/>
    public void Dispose() => values.Dispose();
}
