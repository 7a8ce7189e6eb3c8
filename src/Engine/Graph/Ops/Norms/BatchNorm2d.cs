using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// Batch normalisation over (channels, height, width) (Ioffe and Szegedy 2015), optionally with a rectifier. Backward
/// reads the input and the batch's mean and inverse deviation, which on the CPU tell also where the rectifier cut. A
/// recompute leaves the running statistics alone.
/// </summary>
internal sealed class BatchNorm2d(TorchSharp.Modules.BatchNorm2d module, bool relu = false) : Op, IReapplied
{
    /// <inheritdoc/>
    public override string Kind => relu ? "batch_norm_relu" : "batch_norm";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => NativeBatchNorm.Attributes(module);
    /// <inheritdoc/>
    public override nn.Module Module => module;

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var x = inputs[0];
        RequireRank(x, 3, "channels x height x width");
        if (x.Shape[0] != module.num_features)
            throw new GraphException($"expects {module.num_features} channels, got {x.Shape[0]}");
        return (x.Shape, x.Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        var y = Normalise(inputs[0], mode);
        return relu ? ReluInPlace(y, mode) : y;
    }

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
        => ForwardPieces([input], mode, out statistics);

    /// <inheritdoc/>
    public Tensor ForwardPieces(ReadOnlySpan<Tensor> input, RunMode mode, out Tensor[] statistics)
    {
        if (IsManaged(input) || input.Length == 1 && TakesChannelsLast(input[0]))
            return InOnePass(input, mode, out statistics);
        if (input.Length == 1) return ByLibraries(input[0], mode, out statistics);
        using var whole = cat(input.ToArray(), 1);
        return ByLibraries(whole, mode, out statistics);
    }

    private Tensor ByLibraries(Tensor input, RunMode mode, out Tensor[] statistics)
        => CudaBatchNorm.Takes(input, module.eps) ? ByCudnn(input, mode, out statistics)
        : ByLibtorch(input, mode, out statistics);

    private Tensor ByCudnn(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        var running = NativeBatchNorm.Counts(module, mode, out var momentum);
        (var y,
            statistics) = CudaBatchNorm.Run(input, module.weight!, module.bias!, running ? module.running_mean! : null,
            running ? module.running_var! : null, momentum, module.eps);
        return relu ? ReluInPlace(y, mode) : y;
    }

    private Tensor ByLibtorch(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        var y = NativeBatchNorm.Forward(module, input, mode, out statistics);
        return relu ? ReluInPlace(y, mode) : y;
    }

    private bool IsManaged(ReadOnlySpan<Tensor> input) => BatchNormKernel.Normalises(input) && HasPlainParameters;

    private bool TakesChannelsLast(Tensor input) => HasPlainParameters && ChannelsLastNorm.Takes(input);

    private bool HasPlainParameters
        => ElementKernels.Takes(module.weight!)
        && (!module.track_running_stats || ElementKernels.Takes(module.running_mean!));

    private Tensor InOnePass(ReadOnlySpan<Tensor> input, RunMode mode, out Tensor[] statistics)
    {
        Tensor mean = empty(module.num_features), inverse = empty_like(mean), y = Like(input);
        using var squares = empty_like(mean);
        if (input.Length == 1 && ChannelsLastNorm.Takes(input[0]))
            ChannelsLastNorm.Normalise(input[0], y, mean, inverse, squares, module.weight!, module.bias!, module.eps,
                relu);
        else
            BatchNormKernel.Normalise(input, y, mean, inverse, squares, module.weight!, module.bias!, module.eps, relu);
        if (NativeBatchNorm.Counts(module, mode, out var momentum))
            BatchNormKernel.Track(module.running_mean!, module.running_var!, mean, squares,
                y.numel() / module.num_features, momentum, y.dtype);
        statistics = [mean, inverse];
        return y;
    }

    /// <inheritdoc/>
    public bool RunsDirect(Tensor input)
        => module.affine && Aten.IsAvailable
        && (ElementKernels.IsDense(input) || CudaBatchNorm.Takes(input, module.eps));

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
        => input.device_type == DeviceType.CUDA ? ByCudnn(input, gradient, statistics, wantsInput)
        : HasPlainParameters && ChannelsLastNorm.Takes(input, gradient)
            ? ByRows(input, gradient, statistics, wantsInput)
        : NativeBatchNorm.Backward(module, input, gradient, statistics, wantsInput);

    private Tensor? ByRows(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        var (weight, bias) = (module.weight!, module.bias!);
        var arriving = wantsInput ? empty_like(input) : null;
        Tensor ofWeight = empty_like(statistics[0]), ofBias = empty_like(ofWeight);
        ChannelsLastNorm.Backward(input, gradient, arriving, ofWeight, ofBias, statistics[0], statistics[1], weight);
        Take(weight, ofWeight);
        Take(bias, ofBias);
        return arriving;
    }

    private Tensor? ByCudnn(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        var (weight, bias) = (module.weight!, module.bias!);
        var (arriving, ofWeight, ofBias) = CudaBatchNorm.Backward(input, gradient, weight, statistics, module.eps);
        Take(weight, ofWeight);
        Take(bias, ofBias);
        if (wantsInput) return arriving;
        arriving.Dispose();
        return null;
    }

    private static void Take(TorchSharp.Modules.Parameter parameter, Tensor found)
    {
        if (parameter.requires_grad) ParameterGradient.Add(parameter, found);
        else found.Dispose();
    }

    /// <inheritdoc/>
    public Tensor Reapply(ReadOnlySpan<Tensor> input, Tensor[] statistics)
    {
        if (input[0].device_type == DeviceType.CUDA) return ReapplyByCudnn(input[0], statistics);
        if (input.Length == 1 && !ElementKernels.Takes(input[0])) return AgainLaid(input[0], statistics);
        var y = Like(input);
        BatchNormKernel.Apply(input, y, statistics[0], statistics[1], module.weight!, module.bias!, relu);
        return y;
    }

    private Tensor AgainLaid(Tensor input, Tensor[] statistics)
    {
        if (!TakesChannelsLast(input)) return AgainByLibtorch(input);
        var y = empty_like(input);
        ChannelsLastNorm.Apply(input, y, statistics[0], statistics[1], module.weight!, module.bias!, relu);
        return y;
    }

    private Tensor AgainByLibtorch(Tensor input)
    {
        var y = NativeBatchNorm.Forward(module, input, new RunMode(Training: true, Recompute: true), out var again);
        foreach (var tensor in again) tensor.Dispose();
        if (relu) ElementKernels.Rectify(y);
        return y;
    }

    private Tensor ReapplyByCudnn(Tensor input, Tensor[] statistics)
    {
        var y = empty_like(input);
        if (CudaBatchNorm.Apply(input, y, module.weight!, module.bias!, statistics, relu)) return y;
        y.Dispose();
        (y, var again) = CudaBatchNorm.Run(input, module.weight!, module.bias!, null, null, 0, module.eps);
        foreach (var tensor in again) tensor.Dispose();
        if (relu) ElementKernels.Rectify(y);
        return y;
    }

    /// <inheritdoc/>
    public void Mask(ReadOnlySpan<Tensor> input, Tensor gradient, Tensor[] statistics, Tensor result)
    {
        if (BatchNormKernel.Masks(input, gradient, result))
        {
            BatchNormKernel.Mask(input, gradient, result, statistics[0], statistics[1], module.weight!, module.bias!);
            return;
        }
        using var output = Reapply(input, statistics);
        ElementKernels.Mask(gradient, output, result);
    }

    // Of all pieces together.
    private Tensor Like(ReadOnlySpan<Tensor> input)
    {
        if (input.Length == 1) return empty_like(input[0]);
        var shape = input[0].shape;
        shape[1] = module.num_features;
        return empty(shape);
    }

    /// <inheritdoc/>
    public bool ReadsPieces(Node node)
        => module.training && IsOurs(node.Inputs[0]) && node.Inputs[0].Format == MemoryFormat.Contiguous;

    // Whether the kernels that can apply a batch norm again run: then the input tells what the rectifier let pass, and
    // may be in pieces.
    private bool IsOurs(Value input)
        => module.affine && Aten.IsAvailable
        && (input.Format == MemoryFormat.ChannelsLast || input.Type == ScalarType.Float32)
        && module.weight!.device_type != DeviceType.CUDA;

    private Tensor Normalise(Tensor x, RunMode mode)
    {
        var tracked = module.track_running_stats;
        var batchStatistics = mode.Training || !tracked;
        if (batchStatistics && (mode.Recompute || !tracked))
            return nn.functional.batch_norm(x, null!, null!, module.weight!, module.bias!, training: true, 0,
                module.eps);
        if (mode.Training)
            using (no_grad()) module.num_batches_tracked!.add_(Scalars.One, Scalars.One);
        var momentum = module.momentum ?? 1.0 / module.num_batches_tracked!.item<long>();
        return nn.functional.batch_norm(x, module.running_mean!, module.running_var!, module.weight!, module.bias!,
            batchStatistics, momentum, module.eps);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => module.training
        ? new(Inputs: 1, Output: relu && !IsOurs(node.Inputs[0]), ExtraBytes: _ => 2 * 4 * module.num_features)
        : new(Inputs: 1, Output: relu);
    /// <inheritdoc/>
    public override bool HasModes => true;
    /// <inheritdoc/>
    public override bool Rectifies => relu;
    /// <inheritdoc/>
    public override Op? WithRelu() => relu ? null : new BatchNorm2d(module, relu: true);
    /// <inheritdoc/>
    public override int LeastSamples(Node node, bool training)
        => training && node.Output.Shape.Elements == node.Output.Shape[0] ? 2 : 1;
    /// <inheritdoc/>
    // a gradient of its own to mask
    public override (long Forward, long Backward) Workspace(Node node, long batch) => (0, node.Output.Bytes(batch));
    /// <inheritdoc/>
    public override double Flops(Node node) => 4.0 * node.Output.Shape.Elements;
}
