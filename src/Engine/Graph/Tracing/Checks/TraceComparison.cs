using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>
/// Three runs of a module side by side: two in training with other values and another batch, one in evaluation. Where they run the
/// same operators on the same tensors, what differs follows the batch or the mode; else something in the data decides what runs.
/// </summary>
/// <param name="first">In training.</param>
/// <param name="second">In training, other values, another batch.</param>
/// <param name="evaluation">In evaluation, other values, the first batch.</param>
/// <param name="batches">Of the first and the second.</param>
internal sealed class TraceComparison(TraceSteps first, TraceSteps second, TraceSteps evaluation, (long First, long Second) batches)
{
    public TraceSteps First => first;
    public TraceSteps Second => second;
    public TraceSteps Evaluation => evaluation;

    /// <summary>Checks that the runs agree step by step.</summary>
    /// <exception cref="TraceFailure">They do not; where and why.</exception>
    public void Check()
    {
        for (var i = 0; i < Math.Max(first.Steps.Count, Math.Max(second.Steps.Count, evaluation.Steps.Count)); i++)
        {
            Check(i, second, "with other values and another batch");
            Check(i, evaluation, "in evaluation");
        }
        for (var i = 0; i < first.Outputs.Count; i++)
            if (!Agree(first.Outputs[i], second, second.Outputs[i]) || !Agree(first.Outputs[i], evaluation, evaluation.Outputs[i]))
                throw new TraceFailure(null, $"output {i} comes from another operator at another time");
    }

    private void Check(int index, TraceSteps other, string when)
    {
        if (index >= first.Steps.Count || index >= other.Steps.Count)
        {
            throw new TraceFailure(Culprit(index, other), $"{when} it runs {other.Steps.Count} operators, not {first.Steps.Count}: something in the data or the mode decides what runs");
        }
        var (mine, its) = (first.Steps[index], other.Steps[index]);
        if (mine.Name != its.Name) throw new TraceFailure(Culprit(index, other), $"{when} it runs {its.Name} in place of {mine.Name}: something in the data or the mode decides what runs");
        if (mine.Tensors.Count != its.Tensors.Count || mine.Results.Count != its.Results.Count)
            throw new TraceFailure(mine.Span, $"{when} {mine.Name} has another number of tensors");
        for (var t = 0; t < mine.Tensors.Count; t++)
            if (!Agree(mine.Tensors[t], other, its.Tensors[t]) && !AreSizes(index, mine.Tensors[t][0], other, its.Tensors[t][0])) throw new TraceFailure(mine.Span, $"{when} {mine.Name} reads another tensor");
        if (ReferenceEquals(other, second)) return;
        for (var r = 0; r < mine.Results.Count; r++)
            if (!Sizes(mine.Results[r]).SequenceEqual(Sizes(its.Results[r]))) throw new TraceFailure(mine.Span, $"the size of what {mine.Name} gives depends on the data");
    }

    /// <summary>The module that decides: the innermost in which one run goes on while the other has left it, or in which both go on differently.</summary>
    private ModuleSpan? Culprit(int index, TraceSteps other)
    {
        var (before, mine, its) = (Around(first, index - 1), Around(first, index), Around(other, index));
        return Common(before, its, except: mine) ?? Common(before, mine, except: its) ?? Common(mine, its, except: []);
    }

    private static List<ModuleSpan> Around(TraceSteps steps, int index)
    {
        var around = new List<ModuleSpan>();
        if (index >= 0 && index < steps.Steps.Count)
            for (var span = steps.Steps[index].Span; span is not null; span = span.Parent) around.Add(span);
        return around;
    }

    private static ModuleSpan? Common(List<ModuleSpan> a, List<ModuleSpan> b, List<ModuleSpan> except)
        => b.FirstOrDefault(s => a.Exists(o => o.Name == s.Name) && !except.Exists(o => o.Name == s.Name));

    // A constant is one that is there each time, or that has the same numbers each time.
    private bool Agree(TensorRef[] mine, TraceSteps other, TensorRef[] its)
    {
        if (mine[0].Kind != RefKind.Constant || its[0].Kind != RefKind.Constant) return its.Contains(mine[0]);
        var (a, b) = (first.Constants[mine[0].Index], other.Constants[its[0].Index]);
        return a.Identity() == b.Identity() || SameNumbers(a, b);
    }

    // Numbers that a TorchScript file makes of sizes and reckons with: others at another batch. Who reads the outcome as a number sees the size.
    private bool AreSizes(int step, TensorRef mine, TraceSteps other, TensorRef its)
        => (mine.Kind, its.Kind) == (RefKind.Constant, RefKind.Constant) && first.IsOfConstants(new(RefKind.Result, step)) && other.IsOfConstants(new(RefKind.Result, step));

    /// <summary>Whether a constant of the first run has the numbers that it has in the second.</summary>
    public bool IsTheSame(TensorRef mine, TensorRef its)
        => mine.Kind != RefKind.Constant || its.Kind != RefKind.Constant || Agree([mine], second, [its]);

    /// <summary>Equal shapes, types and bytes.</summary>
    public static bool SameNumbers(Tensor a, Tensor b)
    {
        if (a.dtype != b.dtype || !a.shape.SequenceEqual(b.shape)) return false;
        using var scope = NewDisposeScope();
        return a.detach().cpu().contiguous().bytes.SequenceEqual(b.detach().cpu().contiguous().bytes);
    }

    /// <summary>The sizes of a tensor.</summary>
    public static long[] Sizes(NativeValue value)
    {
        using var tensor = value.ToTensor();
        return tensor.shape;
    }

    /// <summary>Sizes of a result as they follow the batch.</summary>
    public Extent[] Extents(int step, int result)
    {
        var (a, b) = (Sizes(first.Steps[step].Results[result]), Sizes(second.Steps[step].Results[result]));
        if (a.Length != b.Length) throw new TraceFailure(first.Steps[step].Span, $"{first.Steps[step].Name} gives another number of dimensions at another batch");
        return [.. a.Zip(b, (x, y) => Follow(first.Steps[step], x, y))];
    }

    /// <summary>A whole number as it follows the batch.</summary>
    public Extent Follow(TraceStep step, long atFirst, long atSecond)
    {
        var (slope, rest) = Math.DivRem(atSecond - atFirst, batches.Second - batches.First);
        return rest == 0 ? new(slope, atFirst - slope * batches.First) : throw new TraceFailure(step.Span, $"{step.Name}: {atFirst} at a batch of {batches.First} and {atSecond} at {batches.Second} follow no rule");
    }
}
