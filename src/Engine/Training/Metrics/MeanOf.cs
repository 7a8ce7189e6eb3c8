using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>A metric of one's own: the mean of the elements of a tensor.</summary>
internal sealed class MeanOf(string name, Func<Tensor, Tensor, Tensor> each, bool higherIsBetter) : IMetric
{
    public string Name => name;
    public bool HigherIsBetter => higherIsBetter;

    public double[] Sums(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets)
    {
        using var scope = NewDisposeScope();
        var values = each(outputs[0], targets[0]);
        var sum = values.to_type(ScalarType.Float64).sum().item<double>();
        // A scalar is a mean over the batch already; the last batch may have fewer samples than the others.
        return values.dim() == 0 ? [sum * outputs[0].shape[0], outputs[0].shape[0]] : [sum, values.numel()];
    }

    public double Value(ReadOnlySpan<double> sums) => sums[0] / sums[1];
}
