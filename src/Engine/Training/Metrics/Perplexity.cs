using TorchSharp;
using Interactive.Execution;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>Cross-entropy of all tokens and their number.</summary>
internal sealed class Perplexity : IMetric
{
    public string Name => "perplexity";
    public bool HigherIsBetter => false;

    public double[] Sums(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets)
    {
        using var scope = NewDisposeScope();
        var target = targets[0].is_floating_point() ? targets[0] : ClassScores.Labels(Name, outputs[0], targets[0]);
        var count = target.is_floating_point() ? target.numel() / (double)target.shape[ClassScores.Axis(target)]
            : target.ne(ClassScores.Ignored).sum().item<long>();
        return [count == 0 ? 0 : SoftmaxCrossEntropy.Of(outputs[0], target).item<float>() * count, count];
    }

    public double Value(ReadOnlySpan<double> sums) => Math.Exp(sums[0] / sums[1]);
}
