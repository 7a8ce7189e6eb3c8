using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>Right answers and answers.</summary>
internal sealed class TopK(int k, string name) : IMetric
{
    public string Name => name;
    public bool HigherIsBetter => true;

    public double[] Sums(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets)
    {
        using var scope = NewDisposeScope();
        var axis = ClassScores.Axis(outputs[0]);
        var labels = ClassScores.Labels(name, outputs[0], targets[0]);
        var right = k == 1 ? outputs[0].argmax(axis).eq(labels)
            : outputs[0].topk((int)Math.Min(k, outputs[0].shape[axis]), axis).indexes.eq(labels.unsqueeze(axis))
            .any(axis);
        // A label that does not count is no class, so no answer is right there.
        return [right.sum().item<long>(), labels.ne(ClassScores.Ignored).sum().item<long>()];
    }

    public double Value(ReadOnlySpan<double> sums) => sums[0] / sums[1];
}
