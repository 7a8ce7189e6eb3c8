using Interactive.Graphs.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>Makes ops by their kind and attributes, with fresh parameters: how a kept net is built again. An op that is not here cannot be kept.</summary>
internal static class OpList
{
    /// <summary>What an op is made from.</summary>
    /// <param name="Attributes">Its attributes.</param>
    /// <param name="Inputs">What it reads.</param>
    /// <param name="Shared">The module of an earlier op that it shares, or null.</param>
    /// <param name="Device">Where parameters are made.</param>
    public readonly record struct Recipe(OpAttributes Attributes, IReadOnlyList<Value> Inputs, nn.Module? Shared, Device? Device)
    {
        /// <summary>The shared module, or a new one.</summary>
        public T Module<T>(Func<T> make) where T : nn.Module
            => Shared is null ? make() : Shared as T ?? throw new InvalidDataException($"it cannot share the weights of a {Shared.GetName()}");
        /// <summary>Dimension of the first input.</summary>
        public long In(Index index)
            => Inputs is [var first, ..] && index.GetOffset(first.Shape.Rank) is >= 0 and var at && at < first.Shape.Rank ? first.Shape[at] : throw new InvalidDataException("its input has too few dimensions");
    }

    private const string Rectified = "_relu";

    private static readonly Dictionary<string, Func<Recipe, Op>> Makers = new()
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
        ["embedding"] = r => new Embedding(r.Module(() => nn.Embedding(r.Attributes.Whole("vocabulary", 1), r.Attributes.Whole("width", 1), device: r.Device))),
        ["tied_linear"] = r => new TiedLinear(r.Shared as TorchSharp.Modules.Embedding ?? throw new InvalidDataException("it is tied to no embedding")),
        ["positional_embedding"] = r => new PositionalEmbedding(r.Module(() => new TokenParameter(r.In(0), r.In(1), r.Device))),
        ["class_token"] = r => new PrependToken(r.Module(() => new TokenParameter(r.Attributes.Whole("tokens", 1), r.In(1), r.Device))),
        ["attention"] = r => new Attention(r.Attributes.Whole("heads", 1), r.Attributes.Flag("causal")),
        ["relu"] = _ => new Relu(),
        ["gelu"] = _ => new Gelu(),
        ["dropout"] = r => new Dropout(r.Attributes.Number("p")),
        ["max_pool2d"] = r => new MaxPool2d(r.Attributes.Size("kernel_size", 1), r.Attributes.Size("stride", 1), r.Attributes.Size("padding"), r.Attributes.Flag("ceil_mode")),
        ["avg_pool2d"] = r => new AvgPool2d(r.Attributes.Size("kernel_size", 1), r.Attributes.Size("stride", 1), r.Attributes.Size("padding"), r.Attributes.Flag("ceil_mode"), r.Attributes.Flag("count_include_pad")),
        ["adaptive_avg_pool2d"] = r => new AdaptiveAvgPool2d(r.Attributes.Size("output_size", 1)),
        ["adaptive_max_pool2d"] = r => new AdaptiveMaxPool2d(r.Attributes.Size("output_size", 1)),
        ["upsample"] = r => new Upsample(r.Attributes.Whole("factor", 1), r.Attributes.Flag("bilinear")),
        ["add"] = r => new Add(r.Attributes.Number("scale")),
        ["concat"] = _ => new Concat(),
        ["flatten"] = _ => new Flatten(),
        ["to_tokens"] = _ => new ToTokens(),
        ["select_token"] = r => new SelectToken(r.Attributes.Whole("index")),
    };

    /// <summary>True when ops of this kind can be made again.</summary>
    public static bool Knows(string kind) => Makers.ContainsKey(Plain(kind, out _));

    /// <summary>Makes an op.</summary>
    /// <exception cref="InvalidDataException">Kind or attributes are none of ours.</exception>
    public static Op Create(string kind, Recipe recipe)
    {
        var plain = Plain(kind, out var rectified);
        if (!Makers.TryGetValue(plain, out var make)) throw new InvalidDataException($"there is no op '{kind}'");
        var op = make(recipe);
        return rectified ? op.WithRelu() ?? throw new InvalidDataException($"there is no op '{kind}'") : op;
    }

    private static string Plain(string kind, out bool rectified)
    {
        rectified = !Makers.ContainsKey(kind) && kind.EndsWith(Rectified, StringComparison.Ordinal);
        return rectified ? kind[..^Rectified.Length] : kind;
    }

    private static long Divisor(long groups, long inputs, long outputs)
        => inputs % groups == 0 && outputs % groups == 0 ? groups : throw new InvalidDataException($"{inputs} to {outputs} channels do not divide into {groups} groups");
}
