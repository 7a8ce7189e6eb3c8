using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// What flows along an edge: the output of one node, or the input of the graph. A value is written once. The fluent
/// methods that add nodes (<c>x.Conv(64, 3).BatchNorm().Relu()</c>) are extensions in <see cref="Layers"/>.
/// </summary>
public sealed class Value
{
    private readonly List<Node> consumers = [];

    internal Value(GraphBuilder builder, Node? producer, Shape shape, ScalarType type, int id)
        => (Builder, Producer, Shape, Type, Id) = (builder, producer, shape, type, id);

    internal GraphBuilder Builder { get; }
    /// <summary>0 for the graph's input, then in the order of the producing nodes: node i produces value i + 1.</summary>
    public int Id { get; }
    /// <summary>The node that writes it; null for the graph's input.</summary>
    public Node? Producer { get; }
    /// <summary>One sample's shape.</summary>
    public Shape Shape { get; }
    /// <summary>Element type.</summary>
    public ScalarType Type { get; }
    /// <summary>The nodes that read it, in topological order; a node that reads it twice stands here twice.</summary>
    public IReadOnlyList<Node> Consumers => consumers;
    /// <summary>The producer's name, or <c>input</c>.</summary>
    public string Name => Producer?.Name ?? "input";
    /// <summary>Bytes of the tensor for a batch.</summary>
    public long Bytes(long batch) => checked(batch * Shape.Elements * Type.ElementSize());

    internal void AddConsumer(Node node) => consumers.Add(node);
    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {Shape} {Type}";
}
