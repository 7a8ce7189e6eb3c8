using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// Normalisation of (channels, …) over groups of channels (Wu and He 2018). Backward reads the input, mean and inverse
/// deviation.
/// </summary>
internal sealed class GroupNorm(TorchSharp.Modules.GroupNorm module) : Op, IDirectUnary
{
    /// <inheritdoc/>
    public override string Kind => "group_norm";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["num_groups"] = module.num_groups,
        ["eps"] = module.eps,
        ["affine"] = module.affine,
    };
    /// <inheritdoc/>
    public override nn.Module Module => module;

    /// <summary>
    /// A module whose weights are ones and whose biases are zeros; TorchSharp 0.107 leaves them as memory was.
    /// </summary>
    public static TorchSharp.Modules.GroupNorm Create(long groups, long channels, double eps, Device? device)
    {
        var module = nn.GroupNorm(groups, channels, eps, device: device);
        if (device?.type == DeviceType.META) return module;
        nn.init.ones_(module.weight!);
        nn.init.zeros_(module.bias!);
        return module;
    }

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var x = inputs[0];
        if (x.Shape.Rank == 0 || x.Shape[0] % module.num_groups != 0
            || module.weight is { } weight && weight.shape[0] != x.Shape[0])
            throw new GraphException($"expects {(module.weight is { } w ? w.shape[0].ToString() : "channels")} in {module.num_groups} groups, got {x.Shape}");
        return (x.Shape, x.Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => nn.functional.group_norm(inputs[0], module.num_groups, module.weight, module.bias, module.eps);

    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => Aten.IsAvailable && input.is_contiguous();

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        var (batch, channels, places) = Sizes(input);
        Span<nint> results = stackalloc nint[3];
        Aten.Call("native_group_norm", "", results, input, new Aten.Optional(module.weight),
            new Aten.Optional(module.bias), batch, channels, places, module.num_groups, module.eps);
        statistics = [Tensor.UnsafeCreateTensor(results[1]), Tensor.UnsafeCreateTensor(results[2])];
        return Tensor.UnsafeCreateTensor(results[0]);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        var (weight, bias) = (module.weight, module.bias);
        var wanted = ParameterGradient.Wanted(wantsInput, weight, bias);
        if (wanted.Sum() == 0) return null;
        var (batch, channels, places) = Sizes(input);
        using var rows = gradient.contiguous();
        Span<nint> results = stackalloc nint[3];
        Aten.Call("native_group_norm_backward", "", results, rows, input, statistics[0], statistics[1],
            new Aten.Optional(weight), batch, channels, places, module.num_groups, wanted);
        return ParameterGradient.Take(results, wanted, weight, bias);
    }

    private static (long Batch, long Channels, long Places) Sizes(Tensor x)
        => (x.size(0), x.size(1), x.numel() / x.size(0) / x.size(1));

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 1, ExtraBytes: batch => 2 * 4 * module.num_groups * batch);
    /// <inheritdoc/>
    public override double Flops(Node node) => 5.0 * node.Output.Shape.Elements;
}
