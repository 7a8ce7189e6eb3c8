using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Partition;

/// <summary>
/// Dropout between two slices: all rows, a slice of the features or heads. Every mask is drawn whole from the numbers of
/// those whose rows they are, and the slice is kept, so that what drops is what would drop without sharding.
/// </summary>
/// <param name="ranks">The ranks.</param>
/// <param name="whole">The same without slices.</param>
/// <param name="dimension">Along which there are slices, the samples' being 0.</param>
/// <param name="masks">Among how many ranks the rows are divided, otherwise than here.</param>
internal sealed class SlicedDropout(IRowExchange ranks, Ops.Dropout whole, int dimension, int masks)
    : Ops.ElementWise, IDirectUnary
{
    /// <inheritdoc/>
    public override string Kind => "sliced_dropout";
    /// <inheritdoc/>
    public override nn.Module? Module => whole.Module;
    /// <inheritdoc/>
    public override bool IsRandom => true;
    /// <inheritdoc/>
    public override bool HasModes => true;
    internal override bool RunsOnce => true;

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        if (!mode.Training) return inputs[0].alias();
        using var mask = Mask(inputs[0]);
        return inputs[0].mul(mask);
    }

    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => true;

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        var mask = Mask(input);
        statistics = [mask];
        return input.mul(mask);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
        => wantsInput ? gradient.mul(statistics[0]) : null;

    /// <inheritdoc/>
    public override Saved Saves(Node node)
        => new(Inputs: 0, ExtraBytes: rows => sizeof(float) * rows * node.Output.Shape.Elements);

    // One rank's rows with all features are as many numbers as the result, which is made when they have gone.
    private Tensor Mask(Tensor input)
    {
        var mask = empty_like(input);
        var sizes = input.shape;
        (sizes[0], sizes[dimension]) = (sizes[0] / masks, sizes[dimension] * ranks.Ranks);
        var mine = input.shape[dimension];
        for (var i = 0; i < masks; i++)
        {
            Devices.ManualSeed(ranks.Seed(i));
            using var all = whole.Draw(empty(sizes, input.dtype, input.device));
            using var part = all.narrow(dimension, ranks.Rank * mine, mine);
            using var place = mask.narrow(0, i * sizes[0], sizes[0]);
            place.copy_(part);
        }
        return mask;
    }
}
