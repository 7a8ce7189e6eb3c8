namespace Interactive.Graphs;

/// <summary>
/// Where the weights of an op lie in the net: together under the dotted name of its module, or each under a name of its
/// own.
/// </summary>
/// <param name="Path">The module's name; null where they lie apart, or where there are none.</param>
/// <param name="Apart">(name in the module, name in the net): of a layer around parameters that a function was called
/// with, or that another layer owns.</param>
internal readonly record struct TensorPlace(string? Path, IReadOnlyList<(string Local, string Name)> Apart)
{
    /// <summary>No weights.</summary>
    public static TensorPlace None { get; } = new(null, []);
}
