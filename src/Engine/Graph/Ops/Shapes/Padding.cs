using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// Adds places before and after dimensions, filled with a number or with what lies next to them mirrored. Backward
/// reads nothing.
/// </summary>
/// <param name="padding">Before and after the last dimension, then the one before it, and so on.</param>
/// <param name="reflect">Mirror instead of fill, without repeating the edge.</param>
/// <param name="value">What is filled in; default 0.</param>
internal sealed class Pad(long[] padding, bool reflect = false, double value = 0) : Rearranged
{
    /// <inheritdoc/>
    public override string Kind => "pad";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["padding"] = padding, ["reflect"] = reflect, ["value"] = value };

    private int Dimensions => padding.Length / 2;

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var sizes = inputs[0].Shape.ToArray();
        if (padding.Length is 0 || padding.Length % 2 != 0 || Dimensions > sizes.Length) throw new GraphException($"pads two ends of each of the last dimensions, got {padding.Length} numbers for {inputs[0].Shape}");
        if (reflect && sizes.Length != Dimensions + 1) throw new GraphException($"mirrors all dimensions but the channels, got {padding.Length} numbers for {inputs[0].Shape}");
        for (var i = 0; i < Dimensions; i++)
        {
            var (before, after, size) = (padding[2 * i], padding[2 * i + 1], sizes[^(i + 1)]);
            if (reflect && (before < 0 || after < 0 || before >= size || after >= size))
                throw new GraphException($"mirrors fewer places than there are, got {before} and {after} of {size}");
            if (before + after + size <= 0)
                throw new GraphException($"cuts all of {size} places off by {before} and {after}");
            sizes[^(i + 1)] += before + after;
        }
        return (new Shape(sizes), inputs[0].Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => nn.functional.pad(inputs[0], padding, reflect ? PaddingModes.Reflect : PaddingModes.Constant, value);

    private protected override bool HasKernel => !reflect || Aten.IsAvailable;

    private protected override Tensor Back(Tensor gradient, Tensor input)
    {
        if (!reflect) return nn.functional.pad(gradient, [.. padding.Select(p => -p)]);
        Span<nint> result = stackalloc nint[1];
        Aten.Call($"reflection_pad{Dimensions}d_backward", "", result, gradient, input, padding);
        return Tensor.UnsafeCreateTensor(result[0]);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: HasKernel ? 0u : 1u);
}

/// <summary>
/// (channels x r x r, height, width) to (channels, height x r, width x r) (Shi et al. 2016). Backward reads nothing.
/// </summary>
/// <param name="factor">r.</param>
internal sealed class PixelShuffle(long factor) : Rearranged
{
    /// <inheritdoc/>
    public override string Kind => "pixel_shuffle";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["upscale_factor"] = factor };

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var x = inputs[0].Shape;
        RequireRank(inputs[0], 3, "channels x height x width");
        if (x[0] % (factor * factor) != 0)
            throw new GraphException($"expects channels that divide by {factor * factor}, got {x[0]}");
        return (new Shape(x[0] / factor / factor, x[1] * factor, x[2] * factor), inputs[0].Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => nn.functional.pixel_shuffle(inputs[0], factor);
    private protected override Tensor Back(Tensor gradient, Tensor input)
        => nn.functional.pixel_unshuffle(gradient, factor);
}
