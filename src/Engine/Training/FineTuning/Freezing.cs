using Interactive.Graphs;
using TorchSharp.Modules;

namespace Interactive.Training;

/// <summary>
/// Holds parameters still, by name. A layer with running statistics whose own parameters are all frozen (batch norm)
/// keeps its statistics too, and the planner knows that no gradient passes below the lowest layer that is trained.
/// </summary>
public static class Freezing
{
    /// <summary>
    /// Holds still the parameters whose whole name fits one of the patterns (<c>*</c> is any text, <c>?</c> one
    /// letter).
    /// </summary>
    /// <param name="graph">The net; returned.</param>
    /// <param name="patterns">Such as <c>layer1.*</c>.</param>
    /// <exception cref="UsageException">A pattern fits no parameter.</exception>
    public static Graph Freeze(this Graph graph, params IReadOnlyList<string> patterns)
        => Set(graph, patterns, trained: false);

    /// <summary>Trains the parameters whose whole name fits one of the patterns; others stay as they are.</summary>
    /// <param name="graph">The net; returned.</param>
    /// <param name="patterns">Such as <c>layer4.*</c>.</param>
    /// <exception cref="UsageException">A pattern fits no parameter.</exception>
    public static Graph Unfreeze(this Graph graph, params IReadOnlyList<string> patterns)
        => Set(graph, patterns, trained: true);

    /// <summary>Trains the parameters whose whole name fits one of the patterns, and holds all others still.</summary>
    /// <param name="graph">The net; returned.</param>
    /// <param name="patterns">Such as <c>fc.*</c>.</param>
    /// <exception cref="UsageException">A pattern fits no parameter.</exception>
    public static Graph TrainOnly(this Graph graph, params IReadOnlyList<string> patterns)
    {
        var chosen = patterns.SelectMany(p => Chosen(graph, p)).ToList(); // before anything changes
        foreach (var parameter in graph.parameters()) parameter.requires_grad = false;
        foreach (var parameter in chosen) parameter.requires_grad = true;
        return graph;
    }

    private static Graph Set(Graph graph, IReadOnlyList<string> patterns, bool trained)
    {
        if (patterns.Count == 0) throw new UsageException("give at least one pattern of names, such as \"*\" for all");
        foreach (var parameter in patterns.SelectMany(p => Chosen(graph, p)).ToList())
            parameter.requires_grad = trained;
        return graph;
    }

    private static List<Parameter> Chosen(Graph graph, string pattern)
    {
        var group = ParameterGroup.Of(pattern);
        var all = graph.named_parameters().ToList();
        var chosen = all.Where(p => group.Selects(new(p.name, p.parameter))).Select(p => p.parameter).ToList();
        return chosen.Count > 0 ? chosen
            : throw new UsageException($"no parameter of {graph.Name} is called '{pattern}': they are {string.Join(", ", all.Select(p => p.name).Take(3))}, … {all.Select(p => p.name).LastOrDefault()}");
    }
}
