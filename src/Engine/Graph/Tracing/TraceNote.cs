namespace Interactive.Graphs;

/// <summary>What a trace could not see into, and why: the module at that place runs as one opaque node.</summary>
/// <param name="Where">The module's dotted name; empty for the whole.</param>
/// <param name="Why">One line.</param>
public sealed record TraceNote(string Where, string Why)
{
    /// <inheritdoc/>
    public override string ToString() => $"{(Where.Length == 0 ? "the whole module" : Where)} is one node: {Why}";
}
