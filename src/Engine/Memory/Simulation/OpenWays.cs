namespace Interactive.Memory;

/// <summary>
/// Chooses how nodes run backward while a schedule is replayed. A way weighs only in its own steps, so the choice is
/// exact for the plan at hand: of the ways that a budget leaves room for the fastest, and where none fits the one least
/// above it.
/// </summary>
/// <param name="graph">Over which graph.</param>
internal sealed class OpenWays(PlanningGraph graph)
{
    // of autograd's seconds: a layer by itself is timed with warm caches, in a step it is slower
    private const double Surely = 0.75;

    private readonly int[] parameters = new int[graph.Nodes.Length]; // the way chosen; 0: autograd's backward
    private readonly int[] inputs = new int[graph.Nodes.Length];

    /// <summary>True where autograd runs the whole backward.</summary>
    public bool IsAutograd(int node) => parameters[node] == 0;

    /// <summary>The way chosen for a node's parameters, where it is not autograd.</summary>
    public int Parameters(int node) => parameters[node];

    /// <summary>The way chosen for its input.</summary>
    public int Input(int node) => inputs[node];

    /// <summary>Leaves a node to autograd.</summary>
    public void Leave(int node) => parameters[node] = 0;

    /// <summary>Chooses.</summary>
    /// <param name="node">The node.</param>
    /// <param name="room">Bytes left for workspace while everything that its backward reads is there.</param>
    /// <param name="arriving">Bytes of the input's gradient.</param>
    /// <param name="freed">Bytes that go when the parameters' gradients are done.</param>
    public void Choose(PlanningGraph.Facts node, long room, long arriving, long freed)
    {
        var first = Fastest(node.ParameterWays, room);
        var then = node.InputWays.Length == 0 ? null : Fastest(node.InputWays, room - arriving + freed);
        var over = Math.Max(0, first.Workspace - room)
            + (then is null ? 0 : Math.Max(0, then.Workspace + arriving - freed - room));
        var autograd = Math.Max(0, arriving + node.BackwardWorkspace - room);
        var seconds = first.Seconds + (then?.Seconds ?? 0);
        var takesAutograd = autograd < over || autograd == over && node.Backward * Surely <= seconds;
        (parameters[node.Id], inputs[node.Id]) = takesAutograd ? (0, 0) : (first.Number, then?.Number ?? 0);
    }

    private static BackwardWay Fastest(BackwardWay[] ways, long room)
    {
        foreach (var way in ways)
            if (way.Workspace <= room) return way;
        return ways[^1];
    }

    /// <summary>The steps with what was chosen in the last replay.</summary>
    public Step[] Decided(ReadOnlySpan<Step> steps)
    {
        var decided = new List<Step>(steps.Length);
        foreach (var step in steps)
            if (step.Way != Step.Open) decided.Add(step);
            else if (!IsAutograd(step.Id))
                decided.Add(step with { Way = step.Kind == StepKind.Backward ? Input(step.Id) : Parameters(step.Id) });
            // what follows it is freed after it
            else if (step.Kind == StepKind.ParameterGradients) decided.Add(new Step(StepKind.Backward, step.Id));
        return [.. decided];
    }
}
