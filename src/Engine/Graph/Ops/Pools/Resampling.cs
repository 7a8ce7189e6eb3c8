using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>Repeats each position (nearest) or interpolates (bilinear) by a whole factor.</summary>
internal sealed class Upsample(long factor, bool bilinear) : Pool
{
    /// <inheritdoc/>
    public override string Kind => "upsample";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["factor"] = factor,
        ["bilinear"] = bilinear,
    };
    /// <inheritdoc/>
    protected override (long, long) OutputSize(Shape input) => (input[1] * factor, input[2] * factor);
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => nn.functional.interpolate(inputs[0], scale_factor: [factor, factor],
        mode: bilinear ? InterpolationMode.Bilinear : InterpolationMode.Nearest,
            align_corners: bilinear ? false : null);
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
}

/// <summary>
/// Brings images to a size, by the nearest position or bilinearly; <see cref="Upsample"/> enlarges by a whole factor.
/// Backward reads nothing.
/// </summary>
/// <param name="size">Height and width of the result.</param>
/// <param name="bilinear">Interpolate; else take the nearest position.</param>
/// <param name="alignCorners">Bilinear only: corners lie on corners; default false.</param>
internal sealed class Interpolate(Size2 size, bool bilinear, bool alignCorners = false) : Pool
{
    /// <inheritdoc/>
    public override string Kind => "interpolate";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string,
        object>
        { ["size"] = size.ToArray(), ["bilinear"] = bilinear, ["align_corners"] = alignCorners };
    /// <inheritdoc/>
    protected override (long, long) OutputSize(Shape input) => (size.Height, size.Width);
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => nn.functional.interpolate(inputs[0], size: size.ToArray(),
        mode: bilinear ? InterpolationMode.Bilinear : InterpolationMode.Nearest,
        align_corners: bilinear ? alignCorners : null);
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
}
