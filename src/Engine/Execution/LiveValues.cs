using Interactive.Graphs;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// The values of a step: the one holder of each one's bytes, and the autograd graphs that saved them.
/// </summary>
internal sealed class LiveValues : IDisposable
{
    private readonly NodeState[] nodes;
    private readonly Device device;
    private readonly Tensor?[] held;
    private readonly Tensor[]?[] lists; // of values that stay in pieces
    // a leaf that is given another type loses its gradient
    private readonly Dictionary<ScalarType, (Tensor Nothing, Tensor One)> blanks = [];

    /// <param name="nodes">All nodes, in the graph's order.</param>
    /// <param name="device">Where they are.</param>
    public LiveValues(NodeState[] nodes, Device device)
    {
        (this.nodes, this.device) = (nodes, device);
        (held, lists) = (new Tensor?[nodes.Length + 1], new Tensor[nodes.Length + 1][]);
        foreach (var node in nodes) Blanks(node.Node.Output.Type);
    }

    /// <summary>Where the values are.</summary>
    public Device Device => device;

    /// <summary>Takes over one of the graph's inputs.</summary>
    public void Begin(Value input, Tensor tensor) => held[input.Id] = tensor;

    /// <summary>All that is held.</summary>
    public IEnumerable<Tensor> Alive => held.OfType<Tensor>().Concat(lists.SelectMany(list => list ?? []));

    /// <summary>A value's bytes, or null after they were freed.</summary>
    public Tensor? Find(Value value) => held[value.Id];

    /// <summary>True while a value's bytes are there.</summary>
    public bool Has(Value value) => held[value.Id] is not null || lists[value.Id] is not null;

    /// <summary>True while a value is there in pieces.</summary>
    public bool IsInPieces(Value value) => lists[value.Id] is not null;

    /// <summary>A value's bytes, one piece or several along the channels.</summary>
    /// <exception cref="InvalidOperationException">They were freed.</exception>
    public ReadOnlySpan<Tensor> Pieces(Value value, Node reader)
        => lists[value.Id] is { } list ? list : new[] { Of(value, reader) };

    /// <summary>Takes over a value in pieces.</summary>
    public void Put(Value value, Tensor[] pieces) => lists[value.Id] = pieces;

    /// <summary>A value's bytes.</summary>
    /// <exception cref="InvalidOperationException">They were freed.</exception>
    public Tensor Of(Value value, Node reader)
        => held[value.Id]
        ?? throw new InvalidOperationException($"the schedule runs {reader.Name} after freeing its input {value.Name}");

    /// <summary>Takes over a value's bytes, which graphs that saved them before read from now on.</summary>
    public void Put(Value value, Tensor data, bool isAgain)
    {
        held[value.Id] = data;
        if (isAgain) SetSaved(value, data);
    }

    /// <summary>Frees a value's bytes wherever they are.</summary>
    public void Free(int id)
    {
        Drop(id);
        if (id == 0 || nodes[id - 1].Node.Output.IsFixed) return; // not the step's bytes
        var producer = nodes[id - 1];
        var nothing = Blanks(producer.Node.Output.Type).Nothing;
        SetSaved(producer.Node.Output, nothing);
        if (producer.Root is { } root) Aten.SetData(root, nothing);
    }

    /// <summary>Gives up the bytes of a value that no graph reads any more.</summary>
    public void Drop(Value value) => Drop(value.Id);

    private void Drop(int id)
    {
        held[id]?.Dispose();
        held[id] = null;
        foreach (var piece in lists[id] ?? []) piece.Dispose();
        lists[id] = null;
    }

    /// <summary>Lets go of a leaf's bytes, which backward will not read.</summary>
    public void LetGo(Tensor leaf)
    {
        // An empty tensor would free as much, but accumulating a gradient checks the shape.
        using var sameShape = Blanks(leaf.dtype).One.expand(leaf.shape);
        Aten.SetData(leaf, sameShape);
    }

    private (Tensor Nothing, Tensor One) Blanks(ScalarType type)
    {
        if (blanks.TryGetValue(type, out var made)) return made;
        return blanks[type] = (empty(0, type, device).DetachFromDisposeScope(),
            empty(1, type, device).DetachFromDisposeScope());
    }

    /// <summary>Points the consumers that saved this value for backward at other bytes.</summary>
    private void SetSaved(Value value, Tensor data)
    {
        foreach (var consumer in value.Consumers)
        {
            var state = nodes[consumer.Id];
            if (state.Leaves is not { } leaves) continue;
            for (var i = 0; i < leaves.Length; i++)
                if (consumer.Inputs[i] == value && state.Saved.Input(i) && state.Saved.Swappable)
                    Aten.SetData(leaves[i], data);
        }
    }

    /// <summary>The pieces of a value laid together in a new tensor.</summary>
    public Tensor Joined(Value value) => cat(lists[value.Id]!, 1);

    /// <summary>Disposes everything.</summary>
    public void Clear()
    {
        for (var id = 0; id < held.Length; id++) Drop(id);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (nothing, one) in blanks.Values)
        {
            nothing.Dispose();
            one.Dispose();
        }
    }
}
