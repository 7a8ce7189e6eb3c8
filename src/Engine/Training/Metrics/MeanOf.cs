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
        return [values.to_type(ScalarType.Float64).sum().item<double>(), values.numel()];
    }

    public double Value(ReadOnlySpan<double> sums) => sums[0] / sums[1];
}
