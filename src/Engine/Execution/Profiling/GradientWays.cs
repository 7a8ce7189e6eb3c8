using Interactive.Memory;

namespace Interactive.Execution;

/// <summary>
/// The ways to run one kind of node backward without autograd that were found to have its bits; seconds are shares of
/// autograd's.
/// </summary>
/// <param name="Parameters">As in <see cref="NodeProfile.ParameterWays"/>.</param>
/// <param name="Inputs">As in <see cref="NodeProfile.InputWays"/>.</param>
internal sealed record GradientWays(IReadOnlyList<BackwardWay> Parameters, IReadOnlyList<BackwardWay> Inputs)
{
    /// <summary>Autograd's backward is the only way.</summary>
    public static GradientWays None { get; } = new([], []);

    /// <summary>A profile with these ways.</summary>
    public NodeProfile Of(NodeProfile node)
        => node with { ParameterWays = Timed(Parameters, node.Backward), InputWays = Timed(Inputs, node.Backward) };

    private static BackwardWay[] Timed(IReadOnlyList<BackwardWay> ways, double seconds)
        => [.. ways.Select(w => w with { Seconds = w.Seconds * seconds })];
}
