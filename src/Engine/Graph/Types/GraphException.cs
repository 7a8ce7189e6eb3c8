namespace Interactive.Graphs;

/// <summary>A graph that cannot be built: the message names the node, what it expects and what it got.</summary>
public sealed class GraphException(string message) : Exception(message);
