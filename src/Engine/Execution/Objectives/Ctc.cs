using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Connectionist temporal classification (Graves et al. 2006), for texts of which nobody says where each letter stands:
/// scores (batch, steps, labels), targets int64 (batch, longest), each text filled up with -1. The loss of a text,
/// divided by its length, is meaned over the samples, as PyTorch does it.
/// </summary>
/// <param name="blank">The label that stands for none; default 0.</param>
/// <exception cref="UsageException">The blank is below 0.</exception>
public sealed class Ctc(long blank = 0) : IObjective
{
    private readonly long blank = blank >= 0 ? blank : throw new UsageException($"a blank is a label from 0 on, got {blank}");

    /// <inheritdoc/>
    public string Name => "ctc";
    /// <inheritdoc/>
    public bool ReadsOutput => false;

    /// <inheritdoc/>
    public Tensor Loss(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets)
    {
        using var scope = NewDisposeScope();
        var (batch, steps) = (outputs[0].shape[0], outputs[0].shape[1]);
        // turned after the softmax, whose gradient then lies as the scores do, whatever autograd does before
        var logs = nn.functional.log_softmax(outputs[0].to_type(ScalarType.Float32), 2).transpose(0, 1);
        var loss = nn.functional.ctc_loss(logs, targets[0], full([batch], steps, ScalarType.Int64),
            targets[0].ge(0).sum(1), blank, zero_infinity: false, nn.Reduction.Mean);
        return loss.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public string? Misfit(IReadOnlyList<Value> outputs, IReadOnlyList<Tensor> targets)
    {
        if (outputs is not [{ Shape: { Rank: 2 } shape } output] || !Fits.IsFloat(output.Type))
            return $"CTC takes one output of scores, (batch, steps, labels); the net gives {Fits.Shapes(outputs)}";
        if (targets is not [{ dtype: ScalarType.Int64 } texts] || texts.dim() != 2)
            return $"CTC takes one target, texts as Int64 labels (batch, longest); got {string.Join(" and ", targets.Select(t => $"{t.dtype} ({string.Join(", ", t.shape)})"))}";
        var (steps, labels) = (shape[0], shape[1]);
        if (blank >= labels) return $"CTC's blank is {blank}, but the net tells {labels} labels apart";
        using var onHost = texts.cpu();
        var all = onHost.contiguous().data<long>().ToArray();
        var longest = (int)texts.shape[1];
        for (var sample = 0; sample < texts.shape[0]; sample++)
        {
            var row = all.AsSpan(sample * longest, longest);
            var length = row.IndexOfAnyInRange(long.MinValue, -1) is var end and >= 0 ? end : longest;
            if (row[length..].IndexOfAnyExceptInRange(long.MinValue, -1) is var late and >= 0)
                return $"sample {sample} has label {row[length + late]} behind the -1 that ends its text";
            var needed = length;
            for (var i = 0; i < length; i++)
            {
                if (row[i] >= labels || row[i] == blank)
                    return $"label {row[i]} of sample {sample}, but the net tells {labels} labels apart, of which {blank} is the blank";
                if (i > 0 && row[i] == row[i - 1]) needed++; // a blank lies between two alike
            }
            if (needed > steps)
                return $"the text of sample {sample} takes {needed} steps ({length} labels, a blank between two alike), the net gives {steps}";
        }
        return null;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> SyntheticTargets(IReadOnlyList<Value> outputs, long batch)
    {
        var (steps, labels) = (outputs[0].Shape[0], outputs[0].Shape[1]);
        using var scope = NewDisposeScope();
        var texts = randint(0, Math.Max(1, labels - 1), [batch, Math.Max(1, steps / 2)], ScalarType.Int64);
        return [texts.add(texts.ge(blank).to_type(ScalarType.Int64)).MoveToOuterDisposeScope()];
    }
}
