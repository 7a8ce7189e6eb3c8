using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>2-d convolution over (channels, height, width), optionally with a rectifier. Backward reads the input (and its own output when rectified).</summary>
public sealed class Conv2d(TorchSharp.Modules.Conv2d module, bool relu = false) : Op
{
    /// <inheritdoc/>
    public override string Kind => relu ? "conv2d_relu" : "conv2d";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["out_channels"] = module.out_channels,
        ["kernel_size"] = Pair(module.kernel_size).ToArray(),
        ["stride"] = Pair(module.stride).ToArray(),
        ["padding"] = Pair(module.padding!).ToArray(),
        ["dilation"] = Pair(module.dilation).ToArray(),
        ["groups"] = module.groups,
        ["bias"] = module.bias is not null,
    };
    /// <inheritdoc/>
    public override nn.Module Module => module;
    /// <inheritdoc/>
    public override bool IsCheap => false;
    /// <summary>True when every output number depends on one position only.</summary>
    public bool IsPointwise => module.kernel_size is [1, 1];

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var x = inputs[0];
        RequireRank(x, 3, "channels x height x width");
        if (x.Shape[0] != module.in_channels) throw new GraphException($"expects {module.in_channels} channels, got {x.Shape[0]}");
        if (module.padding_mode != PaddingModes.Zeros || module.padding_type is not null)
            throw new GraphException("only explicit zero padding is supported");
        var (h, w) = Window.Output(x.Shape, Pair(module.kernel_size), Pair(module.stride), Pair(module.padding!), Pair(module.dilation));
        return (new Shape(module.out_channels, h, w), x.Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        var y = nn.functional.conv2d(inputs[0], module.weight!, module.bias, module.stride, module.padding, module.dilation, module.groups);
        return relu ? ReluInPlace(y, mode) : y;
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 1, Output: relu);
    /// <inheritdoc/>
    public override bool Rectifies => relu;
    /// <inheritdoc/>
    public override Op? WithRelu() => relu ? null : new Conv2d(module, relu: true);
    /// <inheritdoc/>
    public override double Flops(Node node)
        => 2.0 * node.Output.Shape.Elements * (module.in_channels / module.groups) * module.kernel_size[0] * module.kernel_size[1];

    internal static Size2 Pair(long[] size) => size.Length == 1 ? size[0] : new Size2(size[0], size[1]);
}
