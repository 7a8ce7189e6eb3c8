using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>Squared errors and their number.</summary>
internal sealed class RootMeanSquaredError : IMetric
{
    public string Name => "rmse";
    public bool HigherIsBetter => false;

    public double[] Sums(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets)
    {
        using var scope = NewDisposeScope();
        return [(outputs[0] - targets[0]).to_type(ScalarType.Float64).square().sum().item<double>(),
            outputs[0].numel()];
    }

    public double Value(ReadOnlySpan<double> sums) => Math.Sqrt(sums[0] / sums[1]);
}
