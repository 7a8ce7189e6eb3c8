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
        ["conv2d"] = Convolution2d,
        ["conv_transpose2d"] = r => new ConvTranspose2d(r.Module(()
            => nn.ConvTranspose2d(r.In(0), r.Attributes.Whole("out_channels", 1),
            r.Attributes.Size("kernel_size", 1).ToTuple(),
            r.Attributes.Size("stride", 1).ToTuple(), r.Attributes.Size("padding").ToTuple(),
                r.Attributes.Size("output_padding").ToTuple(), r.Attributes.Size("dilation", 1).ToTuple(),
            groups: Divisor(r.Attributes.Whole("groups", 1), r.In(0), r.Attributes.Whole("out_channels", 1)),
                bias: r.Attributes.Flag("bias"), device: r.Device))),
        ["batch_norm"] = r => new BatchNorm2d(r.Module(()
            => Counting(r,
            nn.BatchNorm2d(r.In(0), r.Attributes.Number("eps"), Momentum(r), r.Attributes.Flag("affine"),
            r.Attributes.Flag("track_running_stats"), r.Device)))),
        ["batch_norm_nd"] =
            r => new BatchNormNd(r.Module<TorchSharp.Modules.BatchNorm>(() => r.Inputs is [{ Shape.Rank: 4 }]
            ? Counting(r,
            nn.BatchNorm3d(r.In(0), r.Attributes.Number("eps"), Momentum(r), r.Attributes.Flag("affine"),
            r.Attributes.Flag("track_running_stats"), r.Device))
            : Counting(r,
            nn.BatchNorm1d(r.In(0), r.Attributes.Number("eps"), Momentum(r), r.Attributes.Flag("affine"),
            r.Attributes.Flag("track_running_stats"), r.Device)))),
        ["instance_norm"] = r => new InstanceNorm(r.Module<TorchSharp.Modules.InstanceNorm>(()
            => r.Inputs is [{ Shape.Rank: 2 }]
            ? nn.InstanceNorm1d(r.In(0), r.Attributes.Number("eps"), affine: r.Attributes.Flag("affine"),
            device: r.Device)
            : r.Inputs is [{ Shape.Rank: 3 }]
            ? nn.InstanceNorm2d(r.In(0), r.Attributes.Number("eps"), affine: r.Attributes.Flag("affine"),
            device: r.Device)
            : nn.InstanceNorm3d(r.In(0), r.Attributes.Number("eps"), affine: r.Attributes.Flag("affine"),
            device: r.Device))),
        ["layer_norm"] = r => new LayerNorm(r.Module(()
            => nn.LayerNorm(r.Attributes.Wholes("normalized_shape", 1), r.Attributes.Number("eps"),
            r.Attributes.Flag("elementwise_affine"), r.Attributes.Flag("bias"), r.Device))),
        ["lstm"] = r => new Lstm(r.Module(()
            => nn.LSTM(r.In(^1), r.Attributes.Whole("hidden_size", 1), r.Attributes.Whole("num_layers", 1),
            r.Attributes.Flag("bias"), batchFirst: true, bidirectional: r.Attributes.Flag("bidirectional"),
            device: r.Device)), r.Attributes.Flag("last_state")),
        ["gru"] = r => new Gru(r.Module(()
            => nn.GRU(r.In(^1), r.Attributes.Whole("hidden_size", 1), r.Attributes.Whole("num_layers", 1),
            r.Attributes.Flag("bias"), batchFirst: true, bidirectional: r.Attributes.Flag("bidirectional"),
            device: r.Device)), r.Attributes.Flag("last_state")),
        ["linear"] = r => new Linear(r.Module(()
            => nn.Linear(r.In(^1), r.Attributes.Whole("out_features", 1), r.Attributes.Flag("bias"),
            device: r.Device))),
        ["embedding"] = r =>
        {
            long? padding = r.Attributes.Signed("padding_idx") is >= 0 and var index ? index : null;
            return new Embedding(r.Module(()
                => nn.Embedding(r.Attributes.Whole("vocabulary", 1), r.Attributes.Whole("width", 1), padding,
                device: r.Device)), padding);
        },
        ["tied_linear"] = r => new TiedLinear(r.Shared as TorchSharp.Modules.Embedding
            ?? throw new InvalidDataException("it is tied to no embedding")),
        ["positional_embedding"] =
            r => new PositionalEmbedding(r.Module(() => new TokenParameter(r.In(0), r.In(1), r.Device))),
        ["class_token"] = r
            => new PrependToken(r.Module(() => new TokenParameter(r.Attributes.Whole("tokens", 1), r.In(1), r.Device))),
        ["conv1d"] = r => new ConvNd(r.Module(()
            => nn.Conv1d(r.In(0), r.Attributes.Whole("out_channels", 1), One(r, "kernel_size", 1), One(r, "stride", 1),
            One(r, "padding"), One(r, "dilation", 1),
            groups: Divisor(r.Attributes.Whole("groups", 1), r.In(0), r.Attributes.Whole("out_channels", 1)),
                bias: r.Attributes.Flag("bias"), device: r.Device))),
        ["conv3d"] = r => new ConvNd(r.Module(()
            => nn.Conv3d(r.In(0), r.Attributes.Whole("out_channels", 1), Three(r, "kernel_size", 1),
            Three(r, "stride", 1), Three(r, "padding"), Three(r, "dilation", 1),
            groups: Divisor(r.Attributes.Whole("groups", 1), r.In(0), r.Attributes.Whole("out_channels", 1)),
                bias: r.Attributes.Flag("bias"), device: r.Device))),
        ["conv_transpose1d"] = r => new ConvNd(r.Module(()
            => nn.ConvTranspose1d(r.In(0), r.Attributes.Whole("out_channels", 1), One(r, "kernel_size", 1),
            One(r, "stride", 1), One(r, "padding"), One(r, "output_padding"),
            One(r, "dilation", 1),
                groups: Divisor(r.Attributes.Whole("groups", 1), r.In(0), r.Attributes.Whole("out_channels", 1)),
                bias: r.Attributes.Flag("bias"), device: r.Device))),
        ["conv_transpose3d"] = r => new ConvNd(r.Module(()
            => nn.ConvTranspose3d(r.In(0), r.Attributes.Whole("out_channels", 1), Three(r, "kernel_size", 1),
            Three(r, "stride", 1), Three(r, "padding"), Three(r, "output_padding"),
            Three(r, "dilation", 1),
                groups: Divisor(r.Attributes.Whole("groups", 1), r.In(0), r.Attributes.Whole("out_channels", 1)),
                bias: r.Attributes.Flag("bias"), device: r.Device))),
        ["group_norm"] = r => new GroupNorm(r.Module(() => !r.Attributes.Flag("affine") ? nn.GroupNorm(r.Attributes.Whole("num_groups", 1), r.In(0), r.Attributes.Number("eps"), affine: false, device: r.Device) : GroupNorm.Create(Divisor(r.Attributes.Whole("num_groups", 1), r.In(0), 0), r.In(0), r.Attributes.Number("eps"), r.Device))),
        ["rms_norm"] =
            r => new RmsNorm(r.Module(() => new RmsNormWeight(r.In(^1), r.Device)), r.Attributes.Number("eps")),
        ["add_parameter"] = r => new AddParameter(Parameter(r)),
        ["mul_parameter"] = r => new MulParameter(Parameter(r)),
    };

    private static Conv2d Convolution2d(OpList.Recipe r)
    {
        var a = r.Attributes;
        var module = r.Module(()
            => nn.Conv2d(r.In(0), a.Whole("out_channels", 1), a.Size("kernel_size", 1).ToTuple(),
            a.Size("stride", 1).ToTuple(), a.Size("padding").ToTuple(),
            a.Size("dilation", 1).ToTuple(), groups: Divisor(a.Whole("groups", 1), r.In(0), a.Whole("out_channels", 1)),
                bias: a.Flag("bias"), device: r.Device));
        return new Conv2d(module) { AsInTheModule = a.Has("as_in_the_module") };
    }

    private const double Otherwise = 0.1;

    private static double Momentum(OpList.Recipe r)
        => r.Attributes.Number("momentum") is >= 0 and var momentum ? momentum : Otherwise;

    // Where it has none, the running statistics are the mean over all batches.
    private static T Counting<T>(OpList.Recipe r, T module) where T : TorchSharp.Modules.NormBase
    {
        if (r.Attributes.Number("momentum") < 0) module.momentum = null;
        return module;
    }

    private static ParameterTensor Parameter(OpList.Recipe r)
        => r.Module(()
        => new ParameterTensor(new TorchSharp.Modules.Parameter(zeros(r.Attributes.Wholes("shape", 1),
        device: r.Device), r.Attributes.Flag("trained"))));

    private static long One(OpList.Recipe r, string name, long least = 0)
        => r.Attributes.Wholes(name, least) is [var one] ? one
        : throw new InvalidDataException($"its {name} is not one number");

    private static (long, long, long) Three(OpList.Recipe r, string name, long least = 0)
        => r.Attributes.Wholes(name, least) is [var depth, var height, var width] ? (depth, height, width)
        : throw new InvalidDataException($"its {name} is not three numbers");

    private static long Divisor(long groups, long inputs, long outputs)
        => inputs % groups == 0 && outputs % groups == 0 ? groups
        : throw new InvalidDataException($"{inputs} to {outputs} channels do not divide into {groups} groups");
}
