using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>2-d convolution over (channels, height, width), optionally with a rectifier. Backward reads the input (and its own output when rectified).</summary>
public sealed class Conv2d(TorchSharp.Modules.Conv2d module, bool relu = false) : Op, IBackwardInParts
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

    /// <inheritdoc/>
    public IEnumerable<int> Parts(long temporaryBytes)
    {
        if (!Aten.IsAvailable) return [];
        // oneDNN makes a weight's gradient in a layout of its own and copies that.
        var bytes = 2 * module.weight!.numel() * module.weight.element_size();
        var parts = module.groups == 1 ? GradientParts.Of(module.out_channels, bytes, temporaryBytes) : 1;
        return parts > 1 ? [parts, 1] : [1];
    }

    /// <inheritdoc/>
    public void AddParameterGradients(Tensor input, Tensor gradient, int parts)
    {
        using var _ = no_grad();
        var channels = module.out_channels / parts;
        for (var from = 0L; from < module.out_channels; from += channels)
        {
            using var arriving = gradient.narrow(1, from, channels);
            using var weight = module.weight!.narrow(0, from, channels);
            AddWeightGradient(input, arriving, weight, from);
        }
    }

    /// <inheritdoc/>
    public Tensor InputGradient(Tensor like, Tensor gradient)
    {
        using var _ = no_grad();
        return Gradients(like, gradient, module.weight!, Wanted.Input)[0]!;
    }

    private void AddWeightGradient(Tensor input, Tensor gradient, Tensor weight, long from)
    {
        var wanted = (module.weight!.requires_grad ? Wanted.Weight : 0) | (module.bias is { requires_grad: true } ? Wanted.Bias : 0);
        if (wanted == 0) return;
        var found = Gradients(input, gradient, weight, wanted);
        foreach (var (parameter, piece) in new[] { (module.weight, found[1]), (module.bias, found[2]) })
        {
            if (piece is null) continue;
            using var sum = parameter!.grad!;
            using var place = sum.narrow(0, from, piece.shape[0]);
            place.add_(piece, Scalars.One);
            piece.Dispose();
        }
    }

    [Flags]
    private enum Wanted { Input = 1, Weight = 2, Bias = 4 }

    /// <summary>The call that autograd makes, for some of its three results.</summary>
    private Tensor?[] Gradients(Tensor input, Tensor gradient, Tensor weight, Wanted wanted)
    {
        Span<nint> handles = stackalloc nint[3];
        Aten.Call("convolution_backward", "", handles, gradient, input, weight, new Aten.Optional(null),
            Both(module.stride), Both(module.padding!), Both(module.dilation), false, new long[] { 0, 0 }, module.groups,
            new long[] { Flag(Wanted.Input), Flag(Wanted.Weight), Flag(Wanted.Bias) });
        var results = new Tensor?[3];
        for (var i = 0; i < 3; i++)
        {
            var result = Tensor.UnsafeCreateTensor(handles[i]);
            if ((wanted & (Wanted)(1 << i)) != 0) results[i] = result;
            else result.Dispose();
        }
        return results;

        long Flag(Wanted flag) => (wanted & flag) != 0 ? 1 : 0;
        static long[] Both(long[] size) => Pair(size).ToArray();
    }

    internal static Size2 Pair(long[] size) => size.Length == 1 ? size[0] : new Size2(size[0], size[1]);
}
