using TorchSharp.Modules;

namespace Interactive.Graphs;

/// <summary>Asks parameters of a graph whether they are to be trained.</summary>
internal static class ParameterWish
{
    /// <summary>Its <c>requires_grad</c>.</summary>
    /// <exception cref="UsageException">It is no longer there.</exception>
    public static bool WantsGradient(this Parameter parameter, string name, string graph)
        => !parameter.IsInvalid ? parameter.requires_grad : throw new UsageException($"{name} of {graph} was disposed, moved or replaced after the graph was made: make the graph again, or write the new numbers into the old tensor (copy_)");
}
