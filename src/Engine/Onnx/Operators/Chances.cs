using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>
/// Numbers drawn at random: of the same distribution as ONNX says, by the engine's own seeds and not by the node's.
/// </summary>
internal static class Chances
{
    public static readonly Dictionary<string, OnnxOperator> All = new()
    {
        ["RandomNormalLike"] = OnnxOperator.Of(c => Normal(c, randn_like(c[0], Type(c, c[0].dtype)))),
        ["RandomUniformLike"] = OnnxOperator.Of(c => Uniform(c, rand_like(c[0], Type(c, c[0].dtype)))),
        ["RandomNormal"] = OnnxOperator.Of(c => Normal(c, randn(Sizes(c), Type(c, ScalarType.Float32)))),
        ["RandomUniform"] = OnnxOperator.Of(c => Uniform(c, rand(Sizes(c), Type(c, ScalarType.Float32)))),
        ["Bernoulli"] = OnnxOperator.Of(c => c[0].bernoulli().to_type(Type(c, c[0].dtype))),
        ["Multinomial"] = OnnxOperator
            .Of(c => nn.functional.softmax(c[0], 1).multinomial(c.Long("sample_size", 1), replacement: true)
            .to_type(Type(c, ScalarType.Int32))),
    };

    private static ScalarType Type(OnnxCall c, ScalarType otherwise)
        => c.HasSetting("dtype") ? OnnxTypes.ToTorch((int)c.Long("dtype", 1)) : otherwise;

    private static Tensor Normal(OnnxCall c, Tensor x) => x * c.Float("scale", 1) + c.Float("mean", 0);

    private static Tensor Uniform(OnnxCall c, Tensor x)
        => x * (c.Float("high", 1) - c.Float("low", 0)) + c.Float("low", 0);

    // Written for one batch: another takes its place.
    private static long[] Sizes(OnnxCall c)
    {
        var sizes = Arrangements.Bounded(c.Longs("shape") ?? throw new InvalidDataException("it lacks its shape"));
        if (sizes.Length > 0 && sizes[0] == c.Fixed?.Size) sizes[0] = c.Batch;
        return sizes;
    }
}
