using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Partition;

/// <summary>
/// Dropout between two slices: all rows, a slice of the features. Every rank's mask is drawn whole from that rank's
/// numbers and the slice is kept, so that what drops is what would drop without sharding.
/// </summary>
internal sealed class SlicedDropout(IRowExchange ranks, Ops.Dropout whole) : Ops.ElementWise, IDirectUnary
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
        long rows = input.shape[0] / ranks.Ranks, features = input.shape[^1];
        var p = whole.Probability;
        using var kept = Scalars.Of(p < 1 ? 1 - p : 1);
        for (var rank = 0; rank < ranks.Ranks; rank++)
        {
            Devices.ManualSeed(ranks.Seed(rank));
            using var all = empty([rows, .. input.shape[1..^1], features * ranks.Ranks], input.dtype, input.device);
            all.bernoulli_(1 - p).div_(kept);
            using var mine = all.narrow(-1, ranks.Rank * features, features);
            using var place = mask.narrow(0, rank * rows, rows);
            place.copy_(mine);
        }
        return mask;
    }
}
