using Interactive.Graphs.Ops;

namespace Interactive.Graphs;

using Maker = Func<OpList.Recipe, Op>;

/// <summary>Makes the ops that have no weights.</summary>
internal static class FunctionMakers
{
    /// <summary>By kind.</summary>
    public static readonly IReadOnlyDictionary<string, Maker> All = new Dictionary<string, Maker>
    {
        ["attention"] = r => new Attention(r.Attributes.Whole("heads", 1), r.Attributes.Flag("causal")),
        ["result"] = r => r.Inputs is [{ Producer.Op: AtenOp several }] && r.Attributes.Whole("index") is var index
            && index < several.Places.Count
            ? new PackedResult(several.Places[(int)index], (int)index, several.Places.Count)
            : throw new InvalidDataException("it is a result of no operator that gives several"),
        ["relu"] = _ => new Relu(),
        ["gelu"] = r => new Gelu(r.Attributes.Flag("tanh")),
        ["dropout"] = r => new Dropout(r.Attributes.Number("p")),
        ["max_pool2d"] = r => new MaxPool2d(r.Attributes.Size("kernel_size", 1), r.Attributes.Size("stride", 1),
            r.Attributes.Size("padding"), r.Attributes.Flag("ceil_mode")),
        ["avg_pool2d"] = r => new AvgPool2d(r.Attributes.Size("kernel_size", 1), r.Attributes.Size("stride", 1),
            r.Attributes.Size("padding"), r.Attributes.Flag("ceil_mode"), r.Attributes.Flag("count_include_pad")),
        ["adaptive_avg_pool2d"] = r => new AdaptiveAvgPool2d(r.Attributes.Size("output_size", 1)),
        ["adaptive_max_pool2d"] = r => new AdaptiveMaxPool2d(r.Attributes.Size("output_size", 1)),
        ["upsample"] = r => new Upsample(r.Attributes.Whole("factor", 1), r.Attributes.Flag("bilinear")),
        ["add"] = r => new Add(r.Attributes.Number("scale")),
        ["concat"] = _ => new Concat(),
        ["flatten"] = _ => new Flatten(),
        ["to_tokens"] = _ => new ToTokens(),
        ["select_token"] = r => new SelectToken(r.Attributes.Whole("index")),
        ["exp"] = _ => new Exp(),
        ["log"] = _ => new Log(),
        ["sqrt"] = _ => new Sqrt(),
        ["abs"] = _ => new Abs(),
        ["pow"] = r => new Pow(r.Attributes.Number("exponent")),
        ["sigmoid"] = _ => new Sigmoid(),
        ["tanh"] = _ => new Tanh(),
        ["silu"] = _ => new Silu(),
        ["elu"] = r => new Elu(r.Attributes.Number("alpha")),
        ["softplus"] = r => new Softplus(r.Attributes.Number("beta"), r.Attributes.Number("threshold")),
        ["leaky_relu"] = r => new LeakyRelu(r.Attributes.Number("negative_slope")),
        ["relu6"] = _ => new Relu6(),
        ["clamp"] = r => new Clamp(r.Attributes.Number("min"), r.Attributes.Number("max")),
        ["hardswish"] = _ => new Hardswish(),
        ["hardsigmoid"] = _ => new Hardsigmoid(),
        ["softmax"] = r => new Softmax(r.Attributes.Signed("dim")),
        ["log_softmax"] = r => new LogSoftmax(r.Attributes.Signed("dim")),
        ["add_scalar"] = r => new AddScalar(r.Attributes.Number("value")),
        ["mul_scalar"] = r => new MulScalar(r.Attributes.Number("value")),
        ["div_scalar"] = r => new DivScalar(r.Attributes.Number("value")),
        ["broadcast_add"] = r => new BroadcastAdd(r.Attributes.Number("scale")),
        ["mul"] = _ => new Mul(),
        ["div"] = _ => new Div(),
        ["concat_along"] = r => new ConcatAlong(r.Attributes.Signed("dim")),
        ["masked_fill"] = r => new MaskedFill(r.Attributes.Number("value")),
        ["where"] = _ => new Where(),
        ["equal_to"] = r => new EqualTo(r.Attributes.Number("value")),
        ["not_equal_to"] = r => new EqualTo(r.Attributes.Number("value"), not: true),
        ["matmul"] = r => new Matmul(r.Attributes.Flag("transpose_first"), r.Attributes.Flag("transpose_second")),
        ["scaled_dot_product_attention"] = r => new ScaledDotProductAttention(r.Attributes.Flag("causal"),
            r.Attributes.Has("scale") ? r.Attributes.Number("scale") : null, r.Attributes.Has("as_it_lies")),
        ["sum"] = r => new Sum(r.Attributes.SignedList("dim"), r.Attributes.Flag("keepdim")),
        ["mean"] = r => new Mean(r.Attributes.SignedList("dim"), r.Attributes.Flag("keepdim")),
        ["permute"] = r => new Permute(r.Attributes.SignedList("dims")),
        ["narrow"] =
            r => new Narrow(r.Attributes.Signed("dim"), r.Attributes.Signed("start"), r.Attributes.Whole("length", 1)),
        ["select"] = r => new Select(r.Attributes.Signed("dim"), r.Attributes.Signed("index")),
        ["reshape"] = r => new Reshape(r.Attributes.SignedList("shape")),
        ["pad"] = r
            => new Pad(r.Attributes.SignedList("padding"), r.Attributes.Flag("reflect"), r.Attributes.Number("value")),
        ["pixel_shuffle"] = r => new PixelShuffle(r.Attributes.Whole("upscale_factor", 1)),
        ["interpolate"] = r => new Interpolate(r.Attributes.Size("size", 1), r.Attributes.Flag("bilinear"),
            r.Attributes.Flag("align_corners")),
        ["max_pool1d"] = r => new MaxPool1d(r.Attributes.Whole("kernel_size", 1), r.Attributes.Whole("stride", 1),
            r.Attributes.Whole("padding"), r.Attributes.Flag("ceil_mode")),
        ["avg_pool1d"] = r => new AvgPool1d(r.Attributes.Whole("kernel_size", 1), r.Attributes.Whole("stride", 1),
            r.Attributes.Whole("padding"), r.Attributes.Flag("ceil_mode"), r.Attributes.Flag("count_include_pad")),
        ["adaptive_avg_pool1d"] = r => new AdaptiveAvgPool1d(r.Attributes.Whole("output_size", 1)),
        ["lay"] = r => new Lay(MemoryFormat.Parse(r.Attributes.Text("format"))),
        ["cast"] = r => new Cast(r.Attributes.Type("from"), r.Attributes.Type("to"), r.Attributes.Flag("batched")),
        ["rsqrt"] = _ => new Rsqrt(),
        ["sin"] = _ => new Sin(),
        ["cos"] = _ => new Cos(),
        ["max_pool3d"] = r => new MaxPool3d(r.Attributes.Wholes("kernel_size", 1), r.Attributes.Wholes("stride", 1),
            r.Attributes.Wholes("padding"), r.Attributes.Flag("ceil_mode")),
        ["avg_pool3d"] = r => new AvgPool3d(r.Attributes.Wholes("kernel_size", 1), r.Attributes.Wholes("stride", 1),
            r.Attributes.Wholes("padding"), r.Attributes.Flag("ceil_mode"), r.Attributes.Flag("count_include_pad")),
    };
}
