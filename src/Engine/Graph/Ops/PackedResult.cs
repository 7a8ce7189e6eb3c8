using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// One of several results of an operator, whose node lays them one behind the other in its output
/// (<see cref="AtenOp"/>): a view of that, laid as libtorch laid the result.
/// </summary>
/// <param name="place">Which part of the output.</param>
/// <param name="index">Which of the results.</param>
/// <param name="count">How many there are.</param>
internal sealed class PackedResult(PackedPlace place, int index, int count) : Op
{
    /// <summary>Which of the results.</summary>
    public int Index => index;
    /// <summary>How many there are.</summary>
    public int Count => count;
    /// <inheritdoc/>
    public override string Kind => "result";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["index"] = (long)index,
        ["offset"] = Numbers([place.Offset]),
        ["sizes"] = Numbers(place.Extents), // a pair of numbers each, for each sample and besides
    };
    private static long[] Numbers(Extent[] extents) => [.. extents.SelectMany(e => new[] { e.PerSample, e.Fixed })];
    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
        => (AtenOp.OfSample(place.Extents), inputs[0].Type);
    /// <inheritdoc/>
    public override IReadOnlyList<Extent> Extents(IReadOnlyList<Value> inputs, Shape output) => place.Extents;
    /// <inheritdoc/>
    public override bool IsView => true;
    /// <inheritdoc/>
    public override bool ViewsAll => false;
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => place.Of(inputs[0]);
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(0);
}

/// <summary>Where a result stands in a flat tensor of several, and how it is laid.</summary>
/// <param name="Offset">Numbers before it.</param>
/// <param name="Extents">Its sizes.</param>
/// <param name="Order">Its dimensions from the outermost to the innermost as they lie.</param>
/// <param name="Total">Numbers of all together.</param>
internal sealed record PackedPlace(Extent Offset, Extent[] Extents, long[] Order, Extent Total)
{
    /// <summary>The result in the flat tensor, as a view.</summary>
    public Tensor Of(Tensor whole)
    {
        var batch = Total.PerSample == 0 ? 0 : Total.BatchFor(whole.shape[0]);
        var sizes = Order.Select(d => Extents[d].At(batch)).ToArray();
        using var part = whole.narrow(0, Offset.At(batch), sizes.Aggregate(1L, (a, b) => a * b));
        using var laid = part.view(sizes);
        return laid.permute([.. Enumerable.Range(0, Order.Length).Select(d => (long)Array.IndexOf(Order, d))]);
    }

    /// <summary>The places of results in a row; null where their sizes follow the batch by no rule.</summary>
    public static PackedPlace[]? InARow(IReadOnlyList<(Extent[] Extents, long[] Order)> results)
    {
        var places = new PackedPlace[results.Count];
        Extent offset = 0;
        for (var i = 0; i < places.Length; i++)
        {
            if (Count(results[i].Extents) is not { } count) return null;
            places[i] = new(offset, results[i].Extents, results[i].Order, 0);
            offset = new(offset.PerSample + Aligned(count.PerSample), offset.Fixed + Aligned(count.Fixed));
        }
        return Array.ConvertAll(places, place => place with { Total = offset });
    }

    // Each begins where a tensor of its own could: matrix products round by how their operands are aligned.
    private static long Aligned(long count) => (count + Alignment - 1) / Alignment * Alignment;

    private const int Alignment = 64; // numbers, of one byte or more

    private static Extent? Count(Extent[] extents)
    {
        Extent count = 1;
        foreach (var extent in extents)
            if (extent.PerSample == 0) count = new(count.PerSample * extent.Fixed, count.Fixed * extent.Fixed);
            else if (count.PerSample == 0) count = new(count.Fixed * extent.PerSample, count.Fixed * extent.Fixed);
            else return null;
        return count;
    }

    /// <summary>The order in which a tensor's dimensions lie, or as they are counted where it has gaps.</summary>
    public static long[] OrderOf(Tensor tensor)
    {
        var strides = tensor.stride();
        long[] order = [.. Enumerable.Range(0, strides.Length).OrderByDescending(d => strides[d]).Select(d => (long)d)];
        using var laid = tensor.permute(order);
        return laid.is_contiguous() ? order : [.. order.Order()];
    }
}
