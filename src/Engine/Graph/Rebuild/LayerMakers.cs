using Interactive.Graphs.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs;

using Maker = Func<OpList.Recipe, Op>;

/// <summary>Makes the ops that have weights.</summary>
internal static class LayerMakers
{
    /// <summary>By kind.</summary>
    public static readonly IReadOnlyDictionary<string, Maker> All = new Dictionary<string, Maker>
    {
        ["conv2d"] = r => new Conv2d(r.Module(() => nn.Conv2d(r.In(0), r.Attributes.Whole("out_channels", 1), r.Attributes.Size("kernel_size", 1).ToTuple(), r.Attributes.Size("stride", 1).ToTuple(),
            r.Attributes.Size("padding").ToTuple(), r.Attributes.Size("dilation", 1).ToTuple(), groups: Divisor(r.Attributes.Whole("groups", 1), r.In(0), r.Attributes.Whole("out_channels", 1)),
            bias: r.Attributes.Flag("bias"), device: r.Device))),
        ["conv_transpose2d"] = r => new ConvTranspose2d(r.Module(() => nn.ConvTranspose2d(r.In(0), r.Attributes.Whole("out_channels", 1), r.Attributes.Size("kernel_size", 1).ToTuple(),
            r.Attributes.Size("stride", 1).ToTuple(), r.Attributes.Size("padding").ToTuple(), r.Attributes.Size("output_padding").ToTuple(), r.Attributes.Size("dilation", 1).ToTuple(),
            groups: Divisor(r.Attributes.Whole("groups", 1), r.In(0), r.Attributes.Whole("out_channels", 1)), bias: r.Attributes.Flag("bias"), device: r.Device))),
        ["batch_norm"] = r => new BatchNorm2d(r.Module(() => nn.BatchNorm2d(r.In(0), r.Attributes.Number("eps"), r.Attributes.Number("momentum") is >= 0 and var momentum ? momentum : throw new InvalidDataException("its mean over all batches cannot be made again"), r.Attributes.Flag("affine"), r.Attributes.Flag("track_running_stats"), r.Device))),
        ["layer_norm"] = r => new LayerNorm(r.Module(() => nn.LayerNorm(r.Attributes.Wholes("normalized_shape", 1), r.Attributes.Number("eps"), device: r.Device))),
        ["linear"] = r => new Linear(r.Module(() => nn.Linear(r.In(^1), r.Attributes.Whole("out_features", 1), r.Attributes.Flag("bias"), device: r.Device))),
        ["embedding"] = r =>
        {
            long? padding = r.Attributes.Signed("padding_idx") is >= 0 and var index ? index : null;
            return new Embedding(r.Module(() => nn.Embedding(r.Attributes.Whole("vocabulary", 1), r.Attributes.Whole("width", 1), padding, device: r.Device)), padding);
        },
        ["tied_linear"] = r => new TiedLinear(r.Shared as TorchSharp.Modules.Embedding ?? throw new InvalidDataException("it is tied to no embedding")),
        ["positional_embedding"] = r => new PositionalEmbedding(r.Module(() => new TokenParameter(r.In(0), r.In(1), r.Device))),
        ["class_token"] = r => new PrependToken(r.Module(() => new TokenParameter(r.Attributes.Whole("tokens", 1), r.In(1), r.Device))),
        ["conv1d"] = r => new ConvNd(r.Module(() => nn.Conv1d(r.In(0), r.Attributes.Whole("out_channels", 1), One(r, "kernel_size", 1), One(r, "stride", 1), One(r, "padding"), One(r, "dilation", 1),
            groups: Divisor(r.Attributes.Whole("groups", 1), r.In(0), r.Attributes.Whole("out_channels", 1)), bias: r.Attributes.Flag("bias"), device: r.Device))),
        ["conv3d"] = r => new ConvNd(r.Module(() => nn.Conv3d(r.In(0), r.Attributes.Whole("out_channels", 1), Three(r, "kernel_size", 1), Three(r, "stride", 1), Three(r, "padding"), Three(r, "dilation", 1),
            groups: Divisor(r.Attributes.Whole("groups", 1), r.In(0), r.Attributes.Whole("out_channels", 1)), bias: r.Attributes.Flag("bias"), device: r.Device))),
        ["group_norm"] = r => new GroupNorm(r.Module(() => GroupNorm.Create(Divisor(r.Attributes.Whole("num_groups", 1), r.In(0), 0), r.In(0), r.Attributes.Number("eps"), r.Device))),
        ["rms_norm"] = r => new RmsNorm(r.Module(() => new RmsNormWeight(r.In(^1), r.Device)), r.Attributes.Number("eps")),
        ["add_parameter"] = r => new AddParameter(Parameter(r)),
        ["mul_parameter"] = r => new MulParameter(Parameter(r)),
    };

    private static ParameterTensor Parameter(OpList.Recipe r)
        => r.Module(() => new ParameterTensor(new TorchSharp.Modules.Parameter(zeros(r.Attributes.Wholes("shape", 1), device: r.Device), r.Attributes.Flag("trained"))));

    private static long One(OpList.Recipe r, string name, long least = 0)
        => r.Attributes.Wholes(name, least) is [var one] ? one : throw new InvalidDataException($"its {name} is not one number");

    private static (long, long, long) Three(OpList.Recipe r, string name, long least = 0)
        => r.Attributes.Wholes(name, least) is [var depth, var height, var width] ? (depth, height, width) : throw new InvalidDataException($"its {name} is not three numbers");

    private static long Divisor(long groups, long inputs, long outputs)
        => inputs % groups == 0 && outputs % groups == 0 ? groups : throw new InvalidDataException($"{inputs} to {outputs} channels do not divide into {groups} groups");
}
