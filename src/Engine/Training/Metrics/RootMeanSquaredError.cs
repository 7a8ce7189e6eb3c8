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
        var (output, target) = Shapes.Pair(Name, outputs[0], targets[0]);
        return [(output - target).square().sum().item<double>(), target.numel()];
    }

    public double Value(ReadOnlySpan<double> sums) => Math.Sqrt(sums[0] / sums[1]);
}
