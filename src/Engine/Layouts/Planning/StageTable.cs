using System.Numerics.Tensors;
using Interactive.Memory.Chains;

namespace Interactive.Layouts;

/// <summary>
/// The chain's dynamic programme for a stage of a pipeline, where several micro-batches are between their forward and
/// their backward at once. Entry (f, m) of stretch (s, t): least seconds of one micro-batch through blocks s to t,
/// forward and backward, with m units free, if its forward leaves at least f of them free. What a micro-batch keeps
/// then counts once for each of the others in flight.
/// </summary>
internal sealed class StageTable
{
    private readonly Chain chain;
    private readonly ChainTable whole;
    private readonly double[] before; // seconds of plain forwards of the blocks before one
    private readonly int slots, width;
    private readonly bool wholeStages;

    /// <param name="chain">The blocks of the whole net; the loss may be one.</param>
    /// <param name="unit">Bytes of a unit.</param>
    /// <param name="slots">Units of the largest budget.</param>
    /// <param name="wholeStages">Whether a stage may keep nothing: its output has been sent, and all of it runs again
    /// from its input.</param>
    public StageTable(Chain chain, double unit, int slots, bool wholeStages = true)
    {
        (this.chain, this.slots, width, this.wholeStages) = (chain, slots, slots + 1, wholeStages);
        whole = new ChainTable(chain, unit, slots);
        before = new double[chain.Stages.Count + 1];
        for (var i = 0; i < chain.Stages.Count; i++) before[i + 1] = before[i] + chain.Stages[i].Forward;
    }

    /// <summary>A number of bytes in units.</summary>
    public int Units(long bytes) => whole.Units(bytes);

    /// <summary>Least seconds and what a micro-batch keeps meanwhile, in units; infinity where no plan fits.</summary>
    public readonly record struct Best(float Seconds, int Kept);

    /// <summary>The tables of all stretches that end with one block, by their first block.</summary>
    public float[][] EndingWith(int t)
    {
        var tables = new float[t + 1][];
        var scratch = new float[width];
        for (var s = t; s >= 0; s--) tables[s] = Fill(tables, s, t, scratch);
        return tables;
    }

    /// <summary>The best a stretch can do.</summary>
    /// <param name="table">Of the stretch.</param>
    /// <param name="inFlight">Micro-batches in flight, this one among them.</param>
    /// <param name="budget">Units for all of them.</param>
    public Best Of(float[] table, int inFlight, int budget)
    {
        budget = Math.Min(budget, slots);
        var best = new Best(float.PositiveInfinity, 0);
        for (var kept = 0; inFlight * kept <= budget; kept++)
            if (table[(budget - inFlight * kept) * width + budget - (inFlight - 1) * kept] is var seconds
                && seconds < best.Seconds) best = new(seconds, kept);
        return best;
    }

    private float[] Fill(float[][] tables, int s, int t, float[] scratch)
    {
        var table = new float[width * width];
        Array.Fill(table, float.PositiveInfinity);
        foreach (var option in chain.Stages[s].Options)
        {
            var saved = whole.Units(option.SavedBytes);
            var seconds = (float)(option.Forward + option.Backward);
            for (var f = 0; f + saved <= slots; f++)
            {
                var low = Math.Max(f + saved, KeepNeed(s, option));
                if (low <= slots) Improve(table, s < t ? tables[s + 1] : null, f, low, saved, [], seconds, scratch);
            }
        }
        long need = 0;
        for (var j = s; j < t || wholeStages && j == t; j++)
        {
            need = Math.Max(need, CheckpointNeed(s, j));
            if (whole.Units(need) > slots) break;
            var kept = j == t ? 0 : whole.Units(chain.Stages[j].OutputBytes);
            for (var f = 0; f + kept <= slots; f++)
            {
                var low = Math.Max(f + kept, whole.Units(need));
                if (low <= slots)
                    Improve(table, j < t ? tables[j + 1] : null, f, low, kept, whole.Row(s, j),
                    (float)(before[j + 1] - before[s]), scratch);
            }
        }
        return table;
    }

    private int KeepNeed(int s, BlockOption option)
        => whole.Units(Math.Max(option.SavedBytes + option.ForwardWorkspace,
        chain.Stages[s].GradientBytes + option.SavedBytes + chain.InputGradient(s) + option.BackwardWorkspace));

    private long CheckpointNeed(int s, int j)
        => (j > s ? chain.Stages[j - 1].OutputBytes : 0) + chain.Stages[j].OutputBytes + chain.Stages[j].Workspace;

    private void Improve(float[] table, float[]? rest, int f, int low, int kept, ReadOnlySpan<float> again,
        float seconds, float[] scratch)
    {
        var row = table.AsSpan(f * width + low, width - low);
        var sum = scratch.AsSpan(0, row.Length);
        if (rest is null) sum.Fill(seconds);
        else TensorPrimitives.Add(rest.AsSpan(f * width + low - kept, row.Length), seconds, sum);
        if (!again.IsEmpty) TensorPrimitives.Add(sum, again.Slice(low, row.Length), sum);
        TensorPrimitives.Min(row, sum, row);
    }

    /// <summary>
    /// The plan behind an entry, which must be finite: forward up to the stretch's end, then backward.
    /// </summary>
    /// <param name="tables">Of the stretches that end with the same block.</param>
    /// <param name="s">First block.</param>
    /// <param name="t">Last block.</param>
    /// <param name="inFlight">As it was asked for.</param>
    /// <param name="budget">As it was asked for.</param>
    /// <param name="forwards">How many of the operations come before the gradient of the stretch's output.</param>
    public List<ChainOp> Ops(float[][] tables, int s, int t, int inFlight, int budget, out int forwards)
    {
        budget = Math.Min(budget, slots);
        var kept = Of(tables[s], inFlight, budget).Kept;
        var (forward, backward) = (new List<ChainOp>(), new List<IReadOnlyList<ChainOp>>());
        var (f, m) = (budget - inFlight * kept, budget - (inFlight - 1) * kept);
        for (var at = s; at <= t;)
        {
            var (seconds, option, cut) = (float.PositiveInfinity, -1, -1);
            for (var o = 0; o < chain.Stages[at].Options.Count; o++)
            {
                var candidate = chain.Stages[at].Options[o];
                var saved = whole.Units(candidate.SavedBytes);
                if (m < Math.Max(f + saved, KeepNeed(at, candidate))) continue;
                var cost = (at < t ? tables[at + 1][f * width + m - saved] : 0)
                    + (float)(candidate.Forward + candidate.Backward);
                if (cost < seconds) (seconds, option) = (cost, o);
            }
            long need = 0;
            for (var j = at; j < t || wholeStages && j == t; j++)
            {
                need = Math.Max(need, CheckpointNeed(at, j));
                var output = j == t ? 0 : whole.Units(chain.Stages[j].OutputBytes);
                if (m < Math.Max(f + output, whole.Units(need))) continue;
                var cost = (j < t ? tables[j + 1][f * width + m - output] : 0) + (float)(before[j + 1] - before[at])
                    + whole.Row(at, j)[m];
                if (cost < seconds) (seconds, cut) = (cost, j);
            }
            if (cut < 0)
            {
                forward.Add(new(ChainOpKind.ForwardAll, at, option));
                backward.Add([new(ChainOpKind.Backward, at)]);
                m -= whole.Units(chain.Stages[at].Options[option].SavedBytes);
                at++;
                continue;
            }
            forward.Add(new(ChainOpKind.Checkpoint, at));
            for (var j = at + 1; j <= cut; j++) forward.Add(new(ChainOpKind.Forward, j));
            var again = new List<ChainOp>();
            whole.Build(at, cut, m, again);
            backward.Add(again);
            if (cut < t) m -= whole.Units(chain.Stages[cut].OutputBytes);
            at = cut + 1;
        }
        forwards = forward.Count;
        backward.Reverse();
        return [.. forward, .. backward.SelectMany(ops => ops)];
    }
}
