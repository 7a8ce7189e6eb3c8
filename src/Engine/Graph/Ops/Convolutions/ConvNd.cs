using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// Convolution over (channels, length) or (channels, depth, height, width), also transposed over a length; for images
/// there are <see cref="Conv2d"/> and <see cref="ConvTranspose2d"/>. Backward reads the input.
/// </summary>
internal sealed class ConvNd(TorchSharp.Modules.Convolution module) : Op, IDirectUnary
{
    private int Dimensions => module.weight!.shape.Length - 2;

    /// <inheritdoc/>
    public override string Kind => $"conv{(module.transposed ? "_transpose" : "")}{Dimensions}d";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["out_channels"] = module.out_channels,
        ["kernel_size"] = Each(module.kernel_size, 1),
        ["stride"] = Each(module.stride, 1),
        ["padding"] = Each(module.padding, 0),
        ["output_padding"] = OutputPadding,
        ["dilation"] = Each(module.dilation, 1),
        ["groups"] = module.groups,
        ["bias"] = module.bias is not null,
    };
    /// <inheritdoc/>
    public override nn.Module Module => module;
    /// <inheritdoc/>
    public override bool IsCheap => false;
    /// <inheritdoc/>
    internal override bool FollowsModule => false; // shapes and kernels are chosen by its sizes

    private long[] OutputPadding => module.transposed ? Each(module.output_padding, 0) : new long[Dimensions];

    private long[] Each(long[]? sizes, long otherwise)
    {
        var each = new long[Dimensions];
        for (var i = 0; i < each.Length; i++)
            each[i] = sizes is { Length: > 0 } ? sizes[Math.Min(i, sizes.Length - 1)] : otherwise;
        return each;
    }

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var x = inputs[0].Shape;
        RequireRank(inputs[0], Dimensions + 1,
            Dimensions == 1 ? "channels x length" : "channels x depth x height x width");
        if (x[0] != module.in_channels) throw new GraphException($"expects {module.in_channels} channels, got {x[0]}");
        if (module.padding_mode != PaddingModes.Zeros || module.padding_type is not null)
            throw new GraphException("only explicit zero padding is supported");
        var (kernel, stride, padding, dilation) = (Each(module.kernel_size, 1), Each(module.stride, 1),
            Each(module.padding, 0), Each(module.dilation, 1));
        var sizes = new long[Dimensions + 1];
        sizes[0] = module.out_channels;
        for (var i = 0; i < Dimensions; i++)
        {
            var (size, reach) = (x[i + 1], dilation[i] * (kernel[i] - 1));
            sizes[i + 1] = module.transposed ? (size - 1) * stride[i] - 2 * padding[i] + reach + OutputPadding[i] + 1
                : size + 2 * padding[i] - reach - 1 < 0 ? 0 : (size + 2 * padding[i] - reach - 1) / stride[i] + 1;
            if (sizes[i + 1] <= 0) throw new GraphException($"a window of {kernel[i]} with padding {padding[i]} does not fit {size} places");
        }
        return (new Shape(sizes), inputs[0].Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        var (stride, padding, dilation) = (Each(module.stride, 1), Each(module.padding, 0), Each(module.dilation, 1));
        using var own = new TypedWeights(inputs[0], module.weight!, module.bias);
        return (Dimensions, module.transposed) switch
        {
            (1, false)
                => nn.functional.conv1d(inputs[0], own.Weight, own.Bias, stride[0], padding[0], dilation[0],
                module.groups),
            (1, true)
                => nn.functional.conv_transpose1d(inputs[0], own.Weight, own.Bias, stride[0], padding[0],
                OutputPadding[0], dilation[0], module.groups),
            (_, false)
                => nn.functional.conv3d(inputs[0], own.Weight, own.Bias, stride, padding, dilation, module.groups),
            _
                => nn.functional.conv_transpose3d(inputs[0], own.Weight, own.Bias, stride, padding, OutputPadding,
                dilation, module.groups),
        };
    }

    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => Aten.IsAvailable;

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        statistics = [];
        return Forward([input], mode);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        var (weight, bias) = (module.weight!, module.bias);
        var wanted = ParameterGradient.Wanted(wantsInput, weight, bias);
        if (wanted.Sum() == 0) return null;
        using var own = new TypedWeights(input, weight);
        Span<nint> results = stackalloc nint[3];
        Aten.Call("convolution_backward", "", results, gradient, input, own.Weight,
            new Aten.Optional(bias is null ? null : new[] { module.out_channels }),
            Each(module.stride, 1), Each(module.padding, 0), Each(module.dilation, 1), module.transposed, OutputPadding,
                module.groups, wanted);
        return ParameterGradient.Take(results, wanted, weight, bias);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 1);
    /// <inheritdoc/>
    public override (long Forward, long Backward) Workspace(Node node, long batch)
        => ConvolutionBytes.Of(node, batch, module.groups, Each(module.dilation, 1).Max(), module.transposed);
    /// <inheritdoc/>
    public override double Flops(Node node)
        => 2.0 * (module.transposed ? node.Inputs[0].Shape.Elements * module.out_channels
        : node.Output.Shape.Elements * module.in_channels)
            / module.groups * Each(module.kernel_size, 1).Aggregate(1L, (a, b) => a * b);
}
