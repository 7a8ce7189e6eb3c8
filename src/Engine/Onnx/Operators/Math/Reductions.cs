using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>Over some dimensions.</summary>
internal static class Reductions
{
    public static readonly Dictionary<string, OnnxOperator> All = new()
    {
        ["ReduceMean"] = OnnxOperator.Of(c => Over(c, (x, axes, keep) => x.mean(axes, keep))),
        ["ReduceSum"] = OnnxOperator.Of(c => Over(c, (x, axes, keep) => x.sum(axes, keep, x.dtype))),
        ["ReduceMax"] = OnnxOperator.Of(c => Over(c, (x, axes, keep) => x.amax(axes, keep))),
        ["ReduceMin"] = OnnxOperator.Of(c => Over(c, (x, axes, keep) => x.amin(axes, keep))),
        ["ReduceProd"] = OnnxOperator
            .Of(c => Over(c, (x, axes, keep) => OneByOne(x, axes, keep, (y, axis) => y.prod(axis, true, y.dtype)))),
        ["ReduceL1"] = OnnxOperator.Of(c => Over(c, (x, axes, keep) => linalg.vector_norm(x, 1, axes, keep))),
        ["ReduceL2"] = OnnxOperator.Of(c => Over(c, (x, axes, keep) => linalg.vector_norm(x, 2, axes, keep))),
        ["ReduceSumSquare"] = OnnxOperator.Of(c => Over(c, (x, axes, keep) => x.square().sum(axes, keep))),
        ["ReduceLogSum"] = OnnxOperator.Of(c => Over(c, (x, axes, keep) => x.sum(axes, keep).log())),
        ["ReduceLogSumExp"] = OnnxOperator
            .Of(c => Over(c, (x, axes, keep) => OneByOne(x, axes, keep, (y, axis) => y.logsumexp(axis, true)))),
    };

    private static Tensor Over(OnnxCall c, Func<Tensor, long[], bool, Tensor> reduce)
    {
        var x = c[0];
        var axes = (c.Longs("axes", 1) is { Length: > 0 } given ? given.Select(a => OnnxCall.Axis(a, x.dim()))
            : c.Long("noop_with_empty_axes", 0) == 1 ? []
            : Enumerable.Range(0, (int)x.dim()).Select(i => (long)i)).ToArray();
        return axes.Length == 0 ? x.alias() : reduce(x, axes, c.Long("keepdims", 1) == 1);
    }

    private static Tensor OneByOne(Tensor x, long[] axes, bool keep, Func<Tensor, long, Tensor> reduce)
    {
        foreach (var axis in axes) x = reduce(x, axis);
        return keep ? x : axes.OrderDescending().Aggregate(x, (y, a) => y.squeeze(a));
    }
}
