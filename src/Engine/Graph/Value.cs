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

    internal Value(GraphBuilder builder, Node? producer, Shape shape, ScalarType type, int id,
        IReadOnlyList<Extent>? extents = null)
        => (Builder, Producer, Shape, Type, Id, Extents) = (builder, producer, shape, type, id,
        extents ?? [Extent.Batch, .. shape.ToArray()]);

    internal GraphBuilder Builder { get; }
    /// <summary>
    /// 0 for the graph's input, then in the order of the producing nodes: node i produces value i + 1.
    /// </summary>
    public int Id { get; }
    /// <summary>The node that writes it; null for the graph's input.</summary>
    public Node? Producer { get; }
    /// <summary>One sample's shape.</summary>
    public Shape Shape { get; }
    /// <summary>
    /// All sizes of the tensor, that of the batch included, which need not be the first one or be there at all.
    /// </summary>
    public IReadOnlyList<Extent> Extents { get; }
    /// <summary>
    /// True when the first dimension alone follows the batch, so that <see cref="Shape"/> is that of each of its rows.
    /// </summary>
    public bool IsRows => Extents is [{ PerSample: > 0, Fixed: 0 }, ..] && Extents.Skip(1).All(e => e.PerSample == 0);
    /// <summary>For a batch: how many rows of <see cref="Shape"/> there are; the batch where there are none.</summary>
    public long Rows(long batch) => IsRows ? Extents[0].At(batch) : batch;
    /// <summary>Element type.</summary>
    public ScalarType Type { get; }
    /// <summary>The nodes that read it, in topological order; a node that reads it twice stands here twice.</summary>
    public IReadOnlyList<Node> Consumers => consumers;
    /// <summary>The producer's name, or <c>input</c>.</summary>
    public string Name => Producer?.Name ?? "input";
    /// <summary>
    /// True when backward finds its gradient: false for integers, for the graph's inputs unless
    /// <see cref="Graph.InputGradients"/>, and for everything that depends on no trainable parameter, or on them through <c>detach</c> and its like alone. As
    /// <c>requires_grad</c> was when the graph was last built, fused or planned.
    /// </summary>
    public bool NeedsGradient { get; internal set; }
    /// <summary>True for one of the graph's outputs.</summary>
    public bool IsOutput { get; internal set; }
    /// <summary>True for what the batch brings.</summary>
    public bool IsInput => Producer is null or { Op: Ops.Input };
    /// <summary>True when the bytes are not a step's to make and free: an input, or what a source op holds.</summary>
    internal bool IsFixed => Producer is null or { Op.IsFixed: true };
    /// <summary>How its numbers lie in memory while a step runs.</summary>
    internal MemoryFormat Format { get; init; } = MemoryFormat.Contiguous;
    /// <summary>Bytes of the tensor for a batch.</summary>
    public long Bytes(long batch)
        => Extents.Aggregate((long)Type.ElementSize(), (bytes, extent) => checked(bytes * extent.At(batch)));

    internal void AddConsumer(Node node) => consumers.Add(node);

    /// <summary>Finds <see cref="NeedsGradient"/> anew, after those of the producer's inputs.</summary>
    internal void FindGradient(bool ofInputs) => NeedsGradient = IsFloat(Type)
        && (IsInput ? ofInputs
        : Producer!.Op.IsDifferentiable
            && (Producer.Inputs.Any(v => v.NeedsGradient) || Producer.Op.Parameters.Any(p => p.requires_grad)));

    private static bool IsFloat(ScalarType type)
        => type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64
        or ScalarType.ComplexFloat32 or ScalarType.ComplexFloat64;
    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {Shape} {Type}";
}
