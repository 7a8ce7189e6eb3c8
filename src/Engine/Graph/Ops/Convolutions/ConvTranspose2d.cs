using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// Transposed 2-d convolution ("up-convolution") over (channels, height, width). Backward reads the input.
/// </summary>
internal sealed class ConvTranspose2d(TorchSharp.Modules.ConvTranspose2d module) : Op
{
    /// <inheritdoc/>
    public override string Kind => "conv_transpose2d";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["out_channels"] = module.out_channels,
        ["kernel_size"] = Conv2d.Pair(module.kernel_size).ToArray(),
        ["stride"] = Conv2d.Pair(module.stride).ToArray(),
        ["padding"] = Conv2d.Pair(module.padding!).ToArray(),
        ["output_padding"] = Conv2d.Pair(module.output_padding).ToArray(),
        ["dilation"] = Conv2d.Pair(module.dilation).ToArray(),
        ["groups"] = module.groups,
        ["bias"] = module.bias is not null,
    };
    /// <inheritdoc/>
    public override nn.Module Module => module;
    /// <inheritdoc/>
    public override bool IsCheap => false;
    /// <inheritdoc/>
    internal override bool FollowsModule => false; // shapes and kernels are chosen by its sizes

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var x = inputs[0];
        RequireRank(x, 3, "channels x height x width");
        if (x.Shape[0] != module.in_channels)
            throw new GraphException($"expects {module.in_channels} channels, got {x.Shape[0]}");
        return (new Shape(module.out_channels, Along(x.Shape[1], 0), Along(x.Shape[2], 1)), x.Type);
    }

    private long Along(long size, int axis)
        => (size - 1) * At(module.stride, axis) - 2 * At(module.padding!, axis)
            + At(module.dilation, axis) * (At(module.kernel_size, axis) - 1) + At(module.output_padding, axis) + 1;

    private static long At(long[] size, int axis) => size[Math.Min(axis, size.Length - 1)];

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var own = new TypedWeights(inputs[0], module.weight!, module.bias);
        return nn.functional.conv_transpose2d(inputs[0], own.Weight, own.Bias, module.stride, module.padding,
            module.output_padding, module.dilation, module.groups);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 1);
    /// <inheritdoc/>
    public override (long Forward, long Backward) Workspace(Node node, long batch)
        => ConvolutionBytes.Of(node, batch, module.groups, module.dilation.Max(), true);
    /// <inheritdoc/>
    public override double Flops(Node node)
        => 2.0 * node.Inputs[0].Shape.Elements * (module.out_channels / module.groups) * At(module.kernel_size, 0)
        * At(module.kernel_size, 1);
}
