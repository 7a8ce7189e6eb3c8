using Interactive.Graphs;
using Interactive.Layouts;
using Interactive.Memory;
using Interactive.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// What an executor knows before it runs: the fused graph, the steps, and what follows from both. Shared by all
/// micro-batches in flight.
/// </summary>
internal sealed class ExecutionPlan
{
    private readonly Graph source;
    private readonly (string Name, Parameter Parameter, bool Trains)[] parameters;

    public ExecutionPlan(Graph source, Schedule? schedule, IObjective objective, StageSchedule? stage = null)
    {
        this.source = source;
        Stage = stage;
        Graph = Fusion.Fuse(source);
        Device = Devices.Of(source);
        var traits = objective.Traits(Graph);
        MayOverwrite = LossRules.MayOverwrite(Graph, traits);
        LetsGo = [.. Graph.Outputs.Select(o => LossRules.LetsGo(o, traits.ReadsOutput))];
        Schedule = schedule ?? KeepAll.Schedule(Graph, traits);
        Steps = [.. Schedule.Steps];
        InPlace = Memory.InPlace.Find(Graph, Steps);
        LossAt = stage is not null ? stage.ForwardEnd - 1
            : Array.FindIndex(Steps,
            s => s.Kind is StepKind.Forward or StepKind.ForwardOnly && s.Id == LossRules.LastNode(Graph));
        Completes = [.. Graph.Nodes.Select(_ => new List<Parameter>())];
        var seen = new HashSet<nint>();
        foreach (var node in Mine) // the first user in forward order runs backward last
            foreach (var parameter in node.Op.Parameters)
                if (!parameter.requires_grad) continue;
                else if (seen.Add(parameter.Identity())) Completes[node.Id].Add(parameter);
                else Tied.Add(parameter);
        parameters =
            [.. Graph.Nodes.SelectMany(n => n.Op.Parameters.Select(p => (n.Name, p, p.requires_grad)))
            .DistinctBy(p => p.p.Identity())];
        Refuse();
    }

    public Graph Graph { get; }
    /// <summary>The part of the graph that is run, or null for all of it.</summary>
    public StageSchedule? Stage { get; }
    private IEnumerable<Node> Mine
        => Stage is { Stage: var stage } ? Graph.Nodes.Skip(stage.First).Take(stage.End - stage.First) : Graph.Nodes;
    public Device Device { get; }
    public Schedule Schedule { get; }
    public Step[] Steps { get; }
    /// <summary>Per step: the input whose bytes the output takes over, or -1.</summary>
    public sbyte[] InPlace { get; }
    /// <summary>The step after which the loss is computed.</summary>
    public int LossAt { get; }
    /// <summary>
    /// Number after the last step of backward; what follows are gradients of parameters that were put off.
    /// </summary>
    public int BackwardEnd => Stage?.BackwardEnd ?? Steps.Length;
    /// <summary>By output: its bytes go as soon as the loss has been computed.</summary>
    public bool[] LetsGo { get; }
    /// <summary>The loss may write its gradient over the output.</summary>
    public bool MayOverwrite { get; }
    /// <summary>By node: parameters whose gradients are complete after its backward.</summary>
    public List<Parameter>[] Completes { get; }
    /// <summary>Parameters of several nodes.</summary>
    public List<Parameter> Tied { get; } = [];
    /// <summary>The net's own mode, which ops without a module follow.</summary>
    public bool Training => source.training;
    /// <summary>Modules that may have a mode of their own.</summary>
    public IEnumerable<nn.Module> Modules => Graph.Nodes.Select(n => n.Op.Module).OfType<nn.Module>();

    /// <summary>The parameter that has been frozen or freed since, or null.</summary>
    public string? Changed()
    {
        foreach (var (name, parameter, trains) in parameters)
            if (parameter.WantsGradient(name, Graph.Name) != trains) return name;
        return null;
    }

    /// <summary>The first layer for which one sample is too few in its present mode, or null.</summary>
    public string? TooFew()
        => Graph.Nodes.FirstOrDefault(n => n.Op.LeastSamples(n, n.Op.IsTraining(Training)) > 1)?.Name;

    /// <summary>
    /// Parameters that a loss may leave without a gradient: of some output, none of their nodes is found by backward.
    /// </summary>
    public IReadOnlyList<Parameter> MayBeMissed()
    {
        HashSet<nint>? surely = null; // found from every output
        foreach (var output in Graph.Outputs.Where(o => o.NeedsGradient))
        {
            var found = new HashSet<int>();
            var open = new Stack<Value>([output]);
            while (open.TryPop(out var value))
                if (value is { NeedsGradient: true, Producer: { } node } && found.Add(node.Id))
                    foreach (var input in node.Inputs) open.Push(input);
            var parameters = found.SelectMany(id => Graph.Nodes[id].Op.Parameters).Select(p => p.Identity());
            if (surely is null) surely = [.. parameters];
            else surely.IntersectWith(parameters);
        }
        return [.. Completes.SelectMany(p => p).Where(p => surely?.Contains(p.Identity()) != true)];
    }

    private void Refuse()
    {
        if (LossAt < 0)
            throw new UsageException($"the schedule never runs {Graph.Nodes[^1].Name}: it was made for another graph");
        var backward = Steps.Where(s => s.Kind is StepKind.Backward or StepKind.InputGradient).Select(s => s.Id)
            .ToHashSet();
        foreach (var node in Mine)
            if (node.Output is { NeedsGradient: true, IsInput: false } && !backward.Contains(node.Id))
                throw new UsageException($"the schedule was planned with other layers frozen: {node.Name} is to be trained and never runs backward; plan again");
    }
}
