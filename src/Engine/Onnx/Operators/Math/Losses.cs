using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>What training graphs minimise.</summary>
internal static class Losses
{
    public static readonly Dictionary<string, OnnxOperator> All = new()
    {
        ["NegativeLogLikelihoodLoss"] = OnnxOperator.Of(c => Likelihood(c, c[0])),
        ["SoftmaxCrossEntropyLoss"] = new(c =>
        {
            var logs = nn.functional.log_softmax(c[0], 1);
            return [Likelihood(c, logs), logs];
        }),
    };

    private static Tensor Likelihood(OnnxCall c, Tensor logs)
    {
        const long NoClass = -100; // libtorch's, where none is left out
        if (logs.dim() < 2 || c[1].dim() != logs.dim() - 1)
            throw new InvalidDataException($"it has scores of {logs.dim()} dimensions and classes of {c[1].dim()}");
        long reduction = c.Text("reduction", "mean") switch
        {
            "none" => 0,
            "mean" => 1,
            "sum" => 2,
            var other => throw new InvalidDataException($"it joins by {other}: none, sum and mean are read"),
        };
        Span<nint> result = [0];
        Aten.Call("nll_loss_nd", "", result, logs, c[1].to_type(ScalarType.Int64), new Aten.Optional(c.Maybe(2)), reduction,
            c.Long("ignore_index", NoClass));
        return Tensor.UnsafeCreateTensor(result[0]);
    }
}
