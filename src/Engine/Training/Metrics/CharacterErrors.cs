using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Letters that were put in, left out or taken for others (Levenshtein 1966), and letters of the right texts.
/// </summary>
internal sealed class CharacterErrors(long blank) : IMetric
{
    public string Name => "cer";
    public bool HigherIsBetter => false;

    public double[] Sums(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets)
    {
        using var scope = NewDisposeScope();
        var longest = (int)targets[0].shape[1];
        var labels = targets[0].cpu().contiguous().data<long>().ToArray();
        var read = CtcDecoding.Greedy(outputs[0], blank);
        var (edits, letters) = (0, 0);
        for (var i = 0; i < read.Count; i++)
        {
            var right = Array.FindAll(labels[(i * longest)..((i + 1) * longest)], label => label >= 0);
            edits += Edits(read[i], right);
            letters += right.Length;
        }
        return [edits, letters];
    }

    public double Value(ReadOnlySpan<double> sums) => sums[0] / sums[1];

    private static int Edits(long[] from, long[] to)
    {
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var other = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(other, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[^1];
    }
}
