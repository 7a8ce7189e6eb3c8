namespace Interactive.Graphs;

/// <summary>One operation of a graph with its inputs and its single output.</summary>
public sealed class Node
{
    internal Node(int id, string name, Op op, IReadOnlyList<Value> inputs)
        => (Id, Name, Op, Inputs) = (id, name, op, inputs);

    /// <summary>Position in the graph's topological order.</summary>
    public int Id { get; }
    /// <summary>Unique in the graph, dotted like a module path: <c>layer1.0.conv1</c>.</summary>
    public string Name { get; }
    /// <summary>What it computes, with its parameters.</summary>
    public Op Op { get; }
    /// <summary>What it reads.</summary>
    public IReadOnlyList<Value> Inputs { get; }
    /// <summary>What it writes.</summary>
    public Value Output { get; internal set; } = null!;
    /// <inheritdoc/>
    public override string ToString()
        => $"{Name} ({Op.Kind}): {string.Join(", ", Inputs.Select(i => i.Shape))} -> {Output.Shape}";
}
