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
        var count = (double)targets[0].ne(ClassScores.Ignored).sum().item<long>();
        return [count == 0 ? 0 : SoftmaxCrossEntropy.Of(outputs[0], targets[0]).item<float>() * count, count];
    }

    public double Value(ReadOnlySpan<double> sums) => Math.Exp(sums[0] / sums[1]);
}
