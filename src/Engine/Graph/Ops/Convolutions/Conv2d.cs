using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// 2-d convolution over (channels, height, width), optionally with a rectifier. Backward reads the input (and its own
/// output when rectified).
/// </summary>
internal sealed class Conv2d(TorchSharp.Modules.Conv2d module, bool relu = false) : Op, IBackwardInParts, IDirectUnary
{
    /// <summary>
    /// As libtorch runs it in a user's module, on any number of threads: the bits are the module's own. Else the faster
    /// of its kernels may run.
    /// </summary>
    internal bool AsInTheModule { get; init; }

    /// <inheritdoc/>
    public override string Kind => relu ? "conv2d_relu" : "conv2d";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
    {
        get
        {
            var attributes = new Dictionary<string, object>
            {
                ["out_channels"] = module.out_channels,
                ["kernel_size"] = Pair(module.kernel_size).ToArray(),
                ["stride"] = Pair(module.stride).ToArray(),
                ["padding"] = Pair(module.padding!).ToArray(),
                ["dilation"] = Pair(module.dilation).ToArray(),
                ["groups"] = module.groups,
                ["bias"] = module.bias is not null,
            };
            if (AsInTheModule) attributes["as_in_the_module"] = true;
            return attributes;
        }
    }
    /// <inheritdoc/>
    public override nn.Module Module => module;
    /// <inheritdoc/>
    public override bool IsCheap => false;
    /// <inheritdoc/>
    internal override bool FollowsModule => false; // shapes and kernels are chosen by its sizes
    /// <summary>True when every output number depends on one position only.</summary>
    public bool IsPointwise => module.kernel_size is [1, 1];

    private readonly bool isUnstrided = Pair(module.stride).ToArray() is [1, 1];

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var x = inputs[0];
        RequireRank(x, 3, "channels x height x width");
        if (x.Shape[0] != module.in_channels)
            throw new GraphException($"expects {module.in_channels} channels, got {x.Shape[0]}");
        if (module.padding_mode != PaddingModes.Zeros || module.padding_type is not null)
            throw new GraphException("only explicit zero padding is supported");
        var (h, w) = Window.Output(x.Shape, Pair(module.kernel_size), Pair(module.stride), Pair(module.padding!),
            Pair(module.dilation));
        return (new Shape(module.out_channels, h, w), x.Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var own = new TypedWeights(inputs[0], module.weight!, module.bias);
        var y = nn.functional.conv2d(inputs[0], own.Weight, own.Bias, module.stride, module.padding,
            Dilation(inputs[0]), module.groups);
        return relu ? ReluInPlace(y, mode) : y;
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 1, Output: relu);
    /// <inheritdoc/>
    public override bool Rectifies => relu;
    /// <inheritdoc/>
    public override Op? WithRelu() => relu ? null : new Conv2d(module, relu: true) { AsInTheModule = AsInTheModule };
    /// <inheritdoc/>
    public override (long Forward, long Backward) Workspace(Node node, long batch)
        => ConvolutionBytes.Of(node, batch, module.groups, Pair(module.dilation).ToArray().Max(), false);
    /// <inheritdoc/>
    public override double Flops(Node node)
        => 2.0 * node.Output.Shape.Elements * (module.in_channels / module.groups) * module.kernel_size[0]
        * module.kernel_size[1];

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
        var wanted = (wantsInput ? Wanted.Input : 0) | (module.weight!.requires_grad ? Wanted.Weight
            : 0) | (module.bias is { requires_grad: true } ? Wanted.Bias : 0);
        if (wanted == 0) return null;
        var found = Gradients(input, gradient, module.weight!, wanted);
        if (found[1] is { } weight) ParameterGradient.Add(module.weight!, weight);
        if (found[2] is { } bias) ParameterGradient.Add(module.bias!, bias);
        return found[0];
    }

    /// <inheritdoc/>
    public IEnumerable<int> ParameterWays(Node node, long batch)
        => !Aten.IsAvailable || node.Output.Format != MemoryFormat.Contiguous ? []
            : module.groups > 1 ? [new ChannelCut(1, 1).Number]
            : ChannelCut.Worthwhile(module.out_channels, module.in_channels,
            module.weight!.numel() * module.weight.element_size(), node.Inputs[0].Bytes(batch),
            node.Output.Bytes(batch))
                .Select(cut => cut.Number);

    /// <inheritdoc/>
    public IEnumerable<int> InputWays(Node node, long batch) // in parts of the batch: samples do not meet
    {
        if (!Aten.IsAvailable || node.Output.Format != MemoryFormat.Contiguous) yield break;
        var least = node.Inputs[0].Shape.Elements > SmallSample ? 1 : 2; // samples of a part
        for (var parts = 1; parts == 1 || batch / parts >= least; parts *= 2)
            if (batch % parts == 0) yield return parts;
    }

    // numbers; libtorch gives a single sample of no more to other kernels than oneDNN's
    private const long SmallSample = 20480;

    /// <inheritdoc/>
    public void AddParameterGradients(Tensor input, Tensor gradient, int way)
    {
        using var _ = no_grad();
        var cut = ChannelCut.Of(way);
        var (outputs, inputs) = (module.out_channels / cut.Outputs, module.weight!.shape[1] / cut.Inputs);
        for (var o = 0; o < cut.Outputs; o++)
        {
            using var arriving = gradient.narrow(1, o * outputs, outputs);
            for (var i = 0; i < cut.Inputs; i++)
            {
                using var read = cut.Inputs == 1 ? input.alias() : input.narrow(1, i * inputs, inputs);
                AddPiece(read, arriving, o * outputs, outputs, i * inputs, inputs);
            }
        }
    }

    private void AddPiece(Tensor input, Tensor gradient, long output, long outputs, long first, long inputs)
    {
        var wanted = (module.weight!.requires_grad ? Wanted.Weight
            : 0) | (first == 0 && module.bias is { requires_grad: true } ? Wanted.Bias : 0);
        if (wanted == 0) return;
        using var rows = module.weight.narrow(0, output, outputs);
        using var weight = rows.narrow(1, first, inputs);
        var found = Gradients(input, gradient, weight, wanted);
        Add(module.weight, found[1], columns: true);
        Add(module.bias, found[2], columns: false);

        void Add(TorchSharp.Modules.Parameter? parameter, Tensor? piece, bool columns)
        {
            if (piece is null) return;
            using var sum = parameter!.grad!;
            using var place = sum.narrow(0, output, outputs);
            using var part = columns ? place.narrow(1, first, inputs) : place.alias();
            part.add_(piece, Scalars.One);
            piece.Dispose();
        }
    }

    /// <inheritdoc/>
    public Tensor InputGradient(Tensor like, Tensor gradient, int way)
    {
        using var _ = no_grad();
        if (way == 1) return Gradients(like, gradient, module.weight!, Wanted.Input)[0]!;
        var result = empty(like.shape, gradient.dtype, gradient.device);
        var samples = gradient.shape[0] % way == 0 ? gradient.shape[0] / way
            : throw new ArgumentException($"{gradient.shape[0]} samples do not divide into {way} parts");
        for (var part = 0; part < way; part++)
        {
            using var shape = like.narrow(0, part * samples, samples);
            using var arriving = gradient.narrow(0, part * samples, samples);
            using var piece = Gradients(shape, arriving, module.weight!, Wanted.Input)[0]!;
            using var place = result.narrow(0, part * samples, samples);
            place.copy_(piece);
        }
        return result;
    }

    // On one thread libtorch gives small batches of pointwise convolutions to matrix products rather than to oneDNN,
    // but neither dilated ones nor those with a stride. A single position is the same however far apart positions are;
    // oneDNN's bits are too, without a stride.
    private long[] Dilation(Tensor input)
        => IsSpelledDilated && input.device_type == DeviceType.CPU ? [2, 2] : module.dilation;

    private bool IsSpelledDilated
        => IsPointwise && isUnstrided && !AsInTheModule && get_num_threads() == 1 && MatrixLibrary.UsesHalfTheVectors;

    /// <summary>
    /// Whether libtorch gives it to oneDNN, which lays gradients as the input lies. Its own kernels, for a small input of one
    /// sample and on one thread for a small pointwise one, sum a bias over them as they come.
    /// </summary>
    internal bool RunsInOneDnn(Tensor gradient, Shape input)
    {
        const int Few = 16, Small = 20480; // as ATen's ConvParams::use_mkldnn has them
        if (gradient.device_type != DeviceType.CPU || gradient.dtype != ScalarType.Float32) return true;
        var batch = gradient.shape[0];
        var isPlain = IsPointwise && isUnstrided && Pair(module.dilation).ToArray() is [1, 1] && !IsSpelledDilated;
        return (!isPlain || batch >= Few || get_num_threads() > 1)
            && (module.groups > 1 || Pair(module.kernel_size) is { Height: > 3, Width: > 3 } || batch > 1 || input.Elements > Small);
    }

    [Flags]
    private enum Wanted { Input = 1, Weight = 2, Bias = 4 }

    /// <summary>The call that autograd makes, for some of its three results.</summary>
    private Tensor?[] Gradients(Tensor input, Tensor gradient, Tensor weight, Wanted wanted)
    {
        using var own = new TypedWeights(input, weight);
        Span<nint> handles = stackalloc nint[3];
        Aten.Call("convolution_backward", "", handles, gradient, input, own.Weight, new Aten.Optional(null),
            Both(module.stride), Both(module.padding!), Both(Dilation(input)), false, new long[] { 0, 0 },
                module.groups,
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
