using Interactive.Collectives;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Graphs.Ops;
using Interactive.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Parameters that no backward pass of a step reaches: autograd gives them no gradient, and the step, weight decay and momentum included,
/// leaves them alone. Modules that could not be traced have such: they may own parameters that they never use, or decide
/// anew in each step which they use. So have nets of which the loss uses some outputs only, layers behind a <c>detach</c>, and parameters
/// that the loss alone uses, such as the learned weight of a task.
/// </summary>
internal sealed class UnusedParameters
{
    private readonly Parameter[] candidates; // in the graph's order
    private readonly Parameter[] untraced; // of them: a gradient that is not there before a pass tells
    private readonly HashSet<nint> waiting = []; // those without a gradient in this step so far
    private readonly HashSet<nint> unused = [];
    private readonly GradientPool pool;

    public UnusedParameters(Graph graph, IEnumerable<Executor> executors, GradientPool pool)
    {
        this.pool = pool;
        untraced = [.. Of(graph).Select(uses => uses.First().Parameter).Concat(OutsideOf(graph)).Where(p => pool.IndexOf(p) >= 0)];
        candidates = [.. untraced.Concat(executors.SelectMany(e => e.MayBeMissed)).Where(p => pool.IndexOf(p) >= 0).DistinctBy(p => p.Identity())];
        var traced = candidates.Skip(untraced.Length).Select(p => p.Identity()).ToHashSet();
        foreach (var executor in executors)
            executor.GradientFound = traced.Count == 0 ? null : parameter =>
            {
                if (traced.Contains(parameter.Identity())) waiting.Remove(parameter.Identity());
            };
        Begin();
    }

    /// <summary>The parameters that a step may leave without a gradient, each with the nodes that may use it: whatever is traced uses what it has.</summary>
    public static IEnumerable<IEnumerable<(Node Node, Parameter Parameter)>> Of(Graph graph)
        => graph.Nodes.SelectMany(node => node.Op.Parameters.DistinctBy(p => p.Identity()).Select(p => (Node: node, Parameter: p)))
        .GroupBy(use => use.Parameter.Identity()).Where(uses => uses.All(use => use.Node.Op is Opaque));

    /// <summary>The net's parameters to train that no node uses: a loss may.</summary>
    public static IEnumerable<Parameter> OutsideOf(Graph graph)
    {
        var inside = graph.Nodes.SelectMany(node => node.Op.Parameters).Select(p => p.Identity()).ToHashSet();
        return graph.parameters().Where(p => p.requires_grad && p.dtype == ScalarType.Float32 && inside.Add(p.Identity()));
    }

    /// <summary>What was seen of this step counts no more.</summary>
    public void Begin() => waiting.UnionWith(candidates.Select(p => p.Identity()));

    /// <summary>Before a forward and a loss: what autograd makes of a gradient that is not there tells.</summary>
    public void Watch()
    {
        Collect();
        if (waiting.Count == 0) return;
        foreach (var parameter in untraced)
            if (waiting.Contains(parameter.Identity())) parameter.grad = null;
    }

    /// <summary>Brings gradients that a loss of its own has made to the pool.</summary>
    public void Collect()
    {
        if (waiting.Count == 0) return;
        foreach (var parameter in untraced) Ready(parameter);
    }

    /// <summary>A parameter's gradient of this pass is complete; it is a view of the pool again.</summary>
    public void Ready(Parameter parameter)
    {
        if (waiting.Contains(parameter.Identity()) && pool.Take(parameter)) waiting.Remove(parameter.Identity());
    }

    /// <summary>Ends a step's backward passes: what is used on any rank is used. Collective.</summary>
    public void Agree(ICommunicator world)
    {
        unused.Clear();
        if (candidates.Length == 0) return;
        Collect(); // where no pass has run, a view of zeros
        var all = world.AllGather([.. candidates.Select(p => waiting.Contains(p.Identity()) && !HasNumbers(p) ? (byte)0 : (byte)1)]);
        for (var i = 0; i < candidates.Length; i++)
            if (all.All(uses => uses[i] == 0)) unused.Add(candidates[i].Identity());
        Begin();
    }

    // A penalty on weights gives them gradients past the layer's own backward.
    private static bool HasNumbers(Parameter parameter)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return parameter.grad is { } gradient && gradient.ne(0).any().item<bool>();
    }

    /// <summary>The step leaves a parameter alone, whose gradient the user has cleared.</summary>
    public void Leave(Parameter parameter) => unused.Add(parameter.Identity());

    /// <summary>Whether the step leaves a parameter alone.</summary>
    public bool Contains(PoolRange range) => unused.Count > 0 && unused.Contains(range.Parameter.Identity());
}
