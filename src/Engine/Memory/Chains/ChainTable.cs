using System.Numerics.Tensors;

namespace Interactive.Memory.Chains;

/// <summary>
/// The dynamic programme of Beaumont, Eyraud-Dubois, Herrmann, Joly and Shilova (Rotor, 2019) with several options a
/// block (as in Rockmate, Zhao et al. 2023), for all budgets at once. Row (s, t) holds at index m the least seconds to
/// get from "the input of s is the caller's, the gradient of t's output is there" to "the gradient of s's input is
/// there" inside m units of memory. A row is one vector, an update one pass of minimum over it; infinity is
/// "impossible", so nothing branches. Stretches of equal blocks have equal rows, which are filled once: a deep net that
/// repeats a few blocks is quick.
/// </summary>
internal sealed class ChainTable
{
    private readonly Chain chain;
    private readonly int slots;
    private readonly double unit;
    private readonly int[][] rowOf; // (s, t - s) -> number of the row
    private readonly List<float[]> rows = [];
    // of a row: the first finite entry, and the one from which on nothing changes
    private readonly List<(int First, int Full)> ranges = [];
    private readonly double[] before; // seconds of plain forwards of the stages before one
    private readonly double[] least;  // seconds of the fastest options of the stages before one

    public ChainTable(Chain chain, double unit, int slots)
    {
        (this.chain, this.unit, this.slots) = (chain, unit, slots);
        var count = chain.Stages.Count;
        (before, least) = (new double[count + 1], new double[count + 1]);
        for (var i = 0; i < count; i++)
        {
            before[i + 1] = before[i] + chain.Stages[i].Forward;
            least[i + 1] = least[i] + chain.Stages[i].Options.Min(o => o.Forward + o.Backward);
        }
        rowOf = [.. Enumerable.Range(0, count).Select(s => new int[count - s])];
        var kinds = Kinds(chain);
        // (row of the stretch without its last block, that block) -> row
        var numbers = new Dictionary<(long, long), int>();
        var wanted = new List<(int S, int Row)>();
        // Rows of one length depend on shorter ones only.
        for (var length = 0; length < count; length++)
        {
            wanted.Clear();
            for (var s = 0; s + length < count; s++)
            {
                var key = length == 0 ? (-1 - chain.InputGradient(s), (long)kinds[s])
                    : (rowOf[s][length - 1], kinds[s + length]);
                if (!numbers.TryGetValue(key, out var row))
                {
                    numbers[key] = row = rows.Count;
                    rows.Add([]);
                    ranges.Add((0, slots));
                    wanted.Add((s, row));
                }
                rowOf[s][length] = row;
            }
            var span = length;
            Parallel.For(0, wanted.Count, () => new float[slots + 1], (i, _, scratch) =>
            {
                var row = rows[wanted[i].Row] = Fill(wanted[i].S, wanted[i].S + span, scratch);
                var first = row.AsSpan().IndexOfAnyExcept(float.PositiveInfinity);
                ranges[wanted[i].Row] = (first < 0 ? slots + 1 : first, Full(row));
                return scratch;
            }, _ => { });
        }
    }

    // Equal numbers for equal blocks.
    private static int[] Kinds(Chain chain)
    {
        var numbers = new Dictionary<string, int>();
        return [.. chain.Stages.Select(s =>
        {
            var key = $"{s.Forward:R} {s.OutputBytes} {s.Workspace} {s.GradientBytes} {string.Join(' ', s.Options.Select(o => $"{o.Forward:R} {o.Backward:R} {o.SavedBytes} {o.ForwardWorkspace} {o.BackwardWorkspace}"))}";
            return numbers.TryGetValue(key, out var number) ? number : numbers[key] = numbers.Count;
        })];
    }

    /// <summary>Least seconds by budget in units.</summary>
    public ReadOnlySpan<float> Whole => rows[rowOf[0][^1]];

    /// <summary>Least seconds of a stretch of stages by budget in units, as above.</summary>
    internal ReadOnlySpan<float> Row(int s, int t) => rows[rowOf[s][t - s]];

    // To the nearest unit: errors cancel in sums, where rounding up would add them. Plans are checked in bytes
    // afterwards.
    internal int Units(long bytes) => (int)Math.Round(bytes / unit);

    private int LeafNeed(int s, BlockOption option)
        => Units(chain.Stages[s].GradientBytes + option.SavedBytes
        + Math.Max(option.ForwardWorkspace, chain.InputGradient(s) + option.BackwardWorkspace));

    private int SaveNeed(int s, int t, BlockOption option)
        => Units(Math.Max(chain.Stages[t].GradientBytes + option.SavedBytes + option.ForwardWorkspace,
            chain.Stages[s].GradientBytes + option.SavedBytes + chain.InputGradient(s) + option.BackwardWorkspace));

    private long CheckpointNeed(int s, int j, int t)
    {
        var stage = chain.Stages[j];
        return chain.Stages[t].GradientBytes + (j > s ? chain.Stages[j - 1].OutputBytes : 0) + stage.OutputBytes
            + stage.Workspace;
    }

    private (int First, int Full) Range(int s, int t) => ranges[rowOf[s][t - s]];

    // Where a row ends in one value this is the first place of it.
    private static int Full(ReadOnlySpan<float> row) => row.LastIndexOfAnyExcept(row[^1]) + 1;

    private float[] Fill(int s, int t, float[] scratch)
    {
        var row = new float[slots + 1];
        Array.Fill(row, float.PositiveInfinity);
        foreach (var option in chain.Stages[s].Options)
        {
            var seconds = (float)(option.Forward + option.Backward);
            if (s == t)
            {
                var need = LeafNeed(s, option);
                if (need <= slots) TensorPrimitives.Min(row.AsSpan(need), seconds, row.AsSpan(need));
                continue;
            }
            var saved = Units(option.SavedBytes);
            var low = Math.Max(SaveNeed(s, t, option), saved + Range(s + 1, t).First);
            if (low <= slots)
                Improve(row.AsSpan(low), Row(s + 1, t).Slice(low - saved, slots + 1 - low), [], seconds, scratch);
        }
        if (s == t) return row;
        // With every block at its fastest no checkpoint can help.
        var end = least[t + 1] - least[s] >= row[^1] * (1 - 1e-6) ? Full(row) : slots + 1;
        long most = 0;
        for (var j = s; j < t; j++)
        {
            most = Math.Max(most, CheckpointNeed(s, j, t));
            var kept = Units(chain.Stages[j].OutputBytes);
            if (Units(most) > slots) break;
            var low = Math.Max(Math.Max(Units(most), kept + Range(j + 1, t).First), Range(s, j).First);
            if (low >= end) continue;
            Improve(row.AsSpan(low..end), Row(j + 1, t)[(low - kept)..(end - kept)], Row(s, j)[low..end],
                (float)(before[j + 1] - before[s]), scratch);
        }
        return row;
    }

    private static void Improve(Span<float> row, ReadOnlySpan<float> right, ReadOnlySpan<float> left, float seconds,
        Span<float> scratch)
    {
        scratch = scratch[..row.Length];
        if (left.IsEmpty) TensorPrimitives.Add(right, seconds, scratch);
        else
        {
            TensorPrimitives.Add(right, left, scratch);
            TensorPrimitives.Add(scratch, seconds, scratch);
        }
        TensorPrimitives.Min(row, scratch, row);
    }

    /// <summary>The operations behind an entry of <see cref="Whole"/>, which must be finite.</summary>
    public List<ChainOp> Ops(int budget)
    {
        var ops = new List<ChainOp>();
        Build(0, chain.Stages.Count - 1, budget, ops);
        return ops;
    }

    // No back-pointers are stored: the choice that explains an entry is found again in one pass over its candidates.
    internal void Build(int s, int t, int m, List<ChainOp> ops)
    {
        var (seconds, option, cut) = (float.PositiveInfinity, -1, -1);
        var options = chain.Stages[s].Options;
        for (var o = 0; o < options.Count; o++)
        {
            var cost = (float)(options[o].Forward + options[o].Backward);
            var saved = Units(options[o].SavedBytes);
            if (s == t ? m < LeafNeed(s, options[o]) : m < Math.Max(SaveNeed(s, t, options[o]), saved)) continue;
            if (s < t) cost = Row(s + 1, t)[m - saved] + cost;
            if (cost < seconds) (seconds, option) = (cost, o);
        }
        long need = 0;
        for (var j = s; j < t; j++)
        {
            need = Math.Max(need, CheckpointNeed(s, j, t));
            var kept = Units(chain.Stages[j].OutputBytes);
            if (m < Math.Max(Units(need), kept)) break;
            var cost = Row(j + 1, t)[m - kept] + Row(s, j)[m] + (float)(before[j + 1] - before[s]);
            if (cost < seconds) (seconds, cut) = (cost, j);
        }
        if (cut >= 0)
        {
            ops.Add(new(ChainOpKind.Checkpoint, s));
            for (var j = s + 1; j <= cut; j++) ops.Add(new(ChainOpKind.Forward, j));
            Build(cut + 1, t, m - Units(chain.Stages[cut].OutputBytes), ops);
            Build(s, cut, m, ops);
            return;
        }
        ops.Add(new(ChainOpKind.ForwardAll, s, option));
        if (s < t) Build(s + 1, t, m - Units(options[option].SavedBytes), ops);
        ops.Add(new(ChainOpKind.Backward, s));
    }
}
