using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>Activations and dropout.</summary>
internal static class Activations
{
    public static readonly Dictionary<string, OnnxOperator> All = new()
    {
        ["Relu"] = OnnxOperator.Of(c => nn.functional.relu(c[0])),
        ["LeakyRelu"] = OnnxOperator.Of(c => nn.functional.leaky_relu(c[0], c.Float("alpha", 0.01f))),
        ["PRelu"] = OnnxOperator.Of(c => where(c[0] > 0, c[0], c[0] * c[1]), 1),
        ["Elu"] = OnnxOperator.Of(c => nn.functional.elu(c[0], c.Float("alpha", 1))),
        ["Selu"] = OnnxOperator.Of(Selu),
        ["Celu"] = OnnxOperator.Of(c => nn.functional.celu(c[0], c.Float("alpha", 1))),
        ["Sigmoid"] = OnnxOperator.Of(c => c[0].sigmoid()),
        ["Tanh"] = OnnxOperator.Of(c => c[0].tanh()),
        ["Softplus"] = OnnxOperator.Of(c => nn.functional.softplus(c[0], 1, 20)),
        ["Softsign"] = OnnxOperator.Of(c => nn.functional.softsign(c[0])),
        ["HardSigmoid"] = OnnxOperator.Of(HardSigmoid),
        ["HardSwish"] = OnnxOperator.Of(c => nn.functional.hardswish(c[0])),
        ["Mish"] = OnnxOperator.Of(c => nn.functional.mish(c[0])),
        ["Gelu"] = OnnxOperator.Of(c => Gelu(c[0], c.Text("approximate", "none") == "tanh")),
        ["ThresholdedRelu"] = OnnxOperator.Of(c => where(c[0] > c.Float("alpha", 1), c[0], zeros_like(c[0]))),
        ["Shrink"] = OnnxOperator.Of(Shrink),
        ["Softmax"] = OnnxOperator.Of(c => Softmax(c, c[0])),
        ["LogSoftmax"] = OnnxOperator
            .Of(c => Along(c, c[0], x => nn.functional.log_softmax(x, 1), (x, axis) => nn.functional.log_softmax(x, axis))),
        ["Hardmax"] = OnnxOperator.Of(c => Along(c, c[0], x => Hardmax(x, 1), Hardmax)),
        ["Dropout"] = new(Dropout,
            Layer: l
            => nn.Dropout(l.Float("ratio", 1, 0.5) is >= 0 and < 1 and var ratio ? ratio
            : throw new InvalidDataException("its ratio is not within 0 and 1"))),
    };

    /// <summary>Exact, or by a hyperbolic tangent.</summary>
    public static Tensor Gelu(Tensor x, bool tanh)
        => tanh ? nn.GELU(TorchSharp.Modules.GELU.Approximate.tanh).call(x) : nn.functional.gelu(x);

    private static Tensor Selu(OnnxCall c)
    {
        const double Alpha = 1.67326319217681884765625, Gamma = 1.05070102214813232421875;
        double alpha = c.Float("alpha", Alpha), gamma = c.Float("gamma", Gamma);
        if ((alpha, gamma) == (Alpha, Gamma)) return nn.functional.selu(c[0]);
        return where(c[0] > 0, c[0], (c[0].exp() - 1) * alpha) * gamma;
    }

    private static Tensor HardSigmoid(OnnxCall c)
    {
        double alpha = c.Float("alpha", 0.2f), beta = c.Float("beta", 0.5f);
        return Math.Abs(alpha - 1.0 / 6) < 1e-6 && beta == 0.5 ? nn.functional.hardsigmoid(c[0])
            : (c[0] * alpha + beta).clamp((Scalar)0, (Scalar)1);
    }

    private static Tensor Shrink(OnnxCall c)
    {
        double bias = c.Float("bias", 0), edge = c.Float("lambd", 0.5);
        return where(c[0] < -edge, c[0] + bias, where(c[0] > edge, c[0] - bias, zeros_like(c[0])));
    }

    /// <summary>Softmax along the node's dimension.</summary>
    public static Tensor Softmax(OnnxCall c, Tensor x)
        => Along(c, x, y => nn.functional.softmax(y, 1), (y, axis) => nn.functional.softmax(y, axis));

    // Up to opset 12 all dimensions from the axis on are one.
    private static Tensor Along(OnnxCall c, Tensor x, Func<Tensor, Tensor> ofRows, Func<Tensor, long, Tensor> along)
    {
        var axis = OnnxCall.Axis(c.Long("axis", c.Opset < 13 ? 1 : -1), x.dim());
        if (c.Opset >= 13 || axis == x.dim() - 1) return along(x, axis);
        return ofRows(x.flatten(axis).reshape(-1, x.shape.Skip((int)axis).Aggregate(1L, (a, b) => a * b)))
            .reshape(x.shape);
    }

    private static Tensor Hardmax(Tensor x, long axis)
        => zeros_like(x).scatter(axis, x.argmax(axis, keepdim: true), ones_like(x));

    private static Tensor[] Dropout(OnnxCall c)
    {
        var x = c[0];
        var result = ((nn.Module<Tensor, Tensor>)c.Module!).call(x);
        return c.Wants(1) ? [result, ones_like(x, ScalarType.Bool)] : [result];
    }
}
