using Interactive.Collectives;
using Interactive.Graphs;
using Interactive.Graphs.Ops;
using Interactive.Runtime;
using TorchSharp.Modules;

namespace Interactive.Training;

/// <summary>
/// Parameters that a module owns and does not use: autograd gives them no gradient, and a step, weight decay included,
/// leaves them alone. Only opaque modules can have such; the first backward pass of any rank shows which.
/// </summary>
internal sealed class UnusedParameters
{
    private readonly Dictionary<nint, Parameter> unknown = [];
    private readonly HashSet<nint> unused = [];
    private readonly List<nint> open = []; // on which the ranks have not agreed yet, in the graph's order
    private readonly GradientPool pool;

    public UnusedParameters(Graph graph, GradientPool pool)
    {
        this.pool = pool;
        var uses = graph.Nodes.SelectMany(node => node.Op.Parameters).CountBy(p => p.Identity()).ToDictionary();
        foreach (var node in graph.Nodes)
            if (node.Op is Opaque)
                foreach (var parameter in node.Op.Parameters)
                    if (uses[parameter.Identity()] == 1 && pool.IndexOf(parameter) >= 0
                        && unknown.TryAdd(parameter.Identity(), parameter)) open.Add(parameter.Identity());
    }

    /// <summary>Before a forward: what autograd makes of a gradient that is not there tells.</summary>
    public void Watch()
    {
        foreach (var parameter in unknown.Values) parameter.grad = null;
    }

    /// <summary>A parameter's gradient is complete; from now on it is a view of the pool again.</summary>
    public void Ready(Parameter parameter)
    {
        if (unknown.Remove(parameter.Identity()) && !pool.Seal(parameter)) unused.Add(parameter.Identity());
    }

    /// <summary>
    /// What one rank has seen holds on all, also on one that had nothing to run; what is used on any is used.
    /// Collective, after a step's backward passes.
    /// </summary>
    public void Agree(ICommunicator world)
    {
        const byte Unseen = 0, Alone = 1, Used = 2;
        if (open.Count == 0) return;
        byte[] mine =
            [.. open.Select(parameter
            => unknown.ContainsKey(parameter) ? Unseen : unused.Contains(parameter) ? Alone : Used)];
        var all = world.AllGather(mine);
        for (var i = mine.Length - 1; i >= 0; i--)
        {
            var seen = all.Max(part => part[i]);
            if (seen == Unseen) continue;
            unknown.Remove(open[i]);
            if (seen == Alone) unused.Add(open[i]);
            else unused.Remove(open[i]);
            open.RemoveAt(i);
        }
    }

    /// <summary>Whether a parameter is left alone.</summary>
    public bool Contains(PoolRange range) => unused.Count > 0 && unused.Contains(range.Parameter.Identity());
}
