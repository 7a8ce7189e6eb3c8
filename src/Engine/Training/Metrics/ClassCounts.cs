using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>A score of each class from its hits, answers and labels, averaged over the classes that occur.</summary>
internal sealed class ClassCounts(string name, Func<double, double, double, double> score) : IMetric
{
    public string Name => name;
    public bool HigherIsBetter => true;

    public double[] Sums(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets)
    {
        using var scope = NewDisposeScope();
        var axis = ClassScores.Axis(outputs[0]);
        var classes = (int)outputs[0].shape[axis];
        var all = ClassScores.Labels(name, outputs[0], targets[0]);
        var counts = all.ne(ClassScores.Ignored);
        var (answers, labels) = (outputs[0].argmax(axis)[counts], all[counts]);
        var sums = new double[3 * classes];
        Fill(answers[answers.eq(labels)], 0);
        Fill(answers, classes);
        Fill(labels, 2 * classes);
        return sums;

        void Fill(Tensor of, int at)
        {
            foreach (var count in of.bincount(null, classes).cpu().data<long>()) sums[at++] = count;
        }
    }

    public double Value(ReadOnlySpan<double> sums)
    {
        var classes = sums.Length / 3;
        var (total, occurring) = (0.0, 0);
        for (var c = 0; c < classes; c++)
        {
            if (sums[classes + c] + sums[2 * classes + c] == 0) continue;
            total += score(sums[c], sums[classes + c], sums[2 * classes + c]);
            occurring++;
        }
        return occurring == 0 ? double.NaN : total / occurring;
    }
}
