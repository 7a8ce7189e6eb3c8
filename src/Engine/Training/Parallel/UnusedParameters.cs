using Interactive.Collectives;
using Interactive.Graphs;
using Interactive.Graphs.Ops;
using Interactive.Runtime;
using TorchSharp.Modules;

namespace Interactive.Training;

/// <summary>
/// Parameters that a module owns and does not use: autograd gives them no gradient, and a step, weight decay included, leaves
/// them alone. Only opaque modules can have such; the first step shows which.
/// </summary>
internal sealed class UnusedParameters
{
    private readonly Dictionary<nint, Parameter> unknown = [];
    private readonly HashSet<nint> unused = [];
    private readonly GradientPool pool;

    public UnusedParameters(Graph graph, GradientPool pool)
    {
        this.pool = pool;
        var uses = graph.Nodes.SelectMany(node => node.Op.Parameters).CountBy(p => p.Identity()).ToDictionary();
        foreach (var node in graph.Nodes)
            if (node.Op is Opaque)
                foreach (var parameter in node.Op.Parameters)
                    if (uses[parameter.Identity()] == 1 && pool.IndexOf(parameter) >= 0) unknown[parameter.Identity()] = parameter;
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

    /// <summary>Whether a parameter is left alone.</summary>
    public bool Contains(PoolRange range) => unused.Count > 0 && unused.Contains(range.Parameter.Identity());
}
