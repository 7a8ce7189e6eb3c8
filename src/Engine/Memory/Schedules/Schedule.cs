namespace Interactive.Memory;

/// <summary>What one step of a schedule does.</summary>
public enum StepKind
{
    /// <summary>Run node <c>Id</c> forward and keep its local autograd graph for backward.</summary>
    Forward,
    /// <summary>Run node <c>Id</c> forward for its output alone (no autograd graph).</summary>
    ForwardOnly,
    /// <summary>
    /// Free the bytes of value <c>Id</c> wherever they are held: the executor's handle, the saved inputs of its
    /// consumers and its producer's root. A later Forward or ForwardOnly of the producer gives them all back.
    /// </summary>
    Free,
    /// <summary>
    /// Add to the gradients of the parameters of node <c>Id</c>, before its Backward, which then has only the input's
    /// gradient to make and does not read the input.
    /// </summary>
    ParameterGradients,
    /// <summary>Run the backward of node <c>Id</c>, which consumes its local graph and its output's gradient.</summary>
    Backward,
    /// <summary>
    /// Make the gradient of the input of node <c>Id</c> alone; input and output's gradient are kept for a
    /// <see cref="ParameterGradients"/> that comes later, and is then the last step of the node.
    /// </summary>
    InputGradient,
}

/// <summary>One step of a schedule.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Id">A node, or a value for <see cref="StepKind.Free"/>.</param>
/// <param name="Way">Of <see cref="StepKind.ParameterGradients"/> and of the Backward after it: in which way, as the op
/// counts them.</param>
public readonly record struct Step(StepKind Kind, int Id, int Way = 0)
{
    /// <summary>Not chosen yet: the simulator takes the fastest way that a budget leaves room for.</summary>
    internal const int Open = -1;
}

/// <summary>
/// A plan in the form the executor runs and the simulator replays: a flat list of steps over a (fused) graph. The loss
/// is computed by the executor after the first run of the last node, when all outputs are there, and before the first
/// Backward. Any Forward or ForwardOnly after a node's first is a recompute. Every node that gets a gradient has
/// exactly one Backward, in reverse topological order.
/// </summary>
/// <param name="Planner">Name of the planner that made it.</param>
/// <param name="Steps">What is done, in order.</param>
public sealed record Schedule(string Planner, IReadOnlyList<Step> Steps)
{
    /// <summary>
    /// Samples in a batch for which the ways to run backward were chosen; with any other number of samples backward is
    /// autograd's own.
    /// </summary>
    public long? Batch { get; init; }
    /// <summary>
    /// Bytes of activations and workspace that it is said to take at most; null where nobody has said.
    /// </summary>
    public long? PeakBytes { get; init; }
}
