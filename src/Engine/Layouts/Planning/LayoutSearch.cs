using System.Globalization;
using Interactive.Graphs;
using Interactive.Graphs.Partition;
using Interactive.Memory;
using Interactive.Runtime;

namespace Interactive.Layouts;

/// <summary>
/// What N ranks of so many bytes each can do: every way to divide them is planned, and the one with the shortest step
/// wins.
/// </summary>
public sealed class LayoutSearch
{
    private readonly Graph source, fused;
    private readonly Func<Graph, long, Profile> profile;
    private readonly double bytesPerSecond;
    private readonly Shards shards;
    private readonly Dictionary<(long, bool), PlanningGraph> known = [];
    private readonly Dictionary<(int Data, int Tensor, int Batch, long Micro), (PlanningGraph Graph, PartitionedGraph Partition)> sliced = [];
    private readonly bool hasProfile;

    /// <summary>Whether the loss takes classes in slices, as plain cross-entropy does; default true.</summary>
    internal bool DividesLoss { get; init; } = true;

    /// <summary>Prepares to plan one model.</summary>
    /// <param name="source">The model; shapes are enough.</param>
    /// <param name="profile">(fused graph, samples of a micro-batch) to what each node costs; default: from
    /// shapes.</param>
    /// <param name="bytesPerSecond">Speed of a link between two ranks; default 3e9, memory that ranks of a host
    /// share.</param>
    /// <param name="shards">What data ranks divide; default nothing. Then the layers are not divided.</param>
    public LayoutSearch(Graph source, Func<Graph, long, Profile>? profile = null, double bytesPerSecond = 3e9,
        Shards? shards = null)
    {
        this.shards = (shards ?? new Shards(0)).Validate();
        hasProfile = profile is not null;
        (this.source, this.profile, this.bytesPerSecond) = (source,
            profile ?? ((graph, batch) => AnalyticProfile.Of(graph, batch)), bytesPerSecond);
        fused = Fusion.Fuse(source);
    }

    /// <summary>The plan of one layout within so many bytes on every rank.</summary>
    /// <param name="layout">The layout, fitted.</param>
    /// <param name="batch">Samples of a step, over all ranks.</param>
    /// <param name="bytes">Of every rank; null for no limit.</param>
    /// <exception cref="UsageException">Nothing fits; the message gives the least bytes.</exception>
    public LayoutPlan Plan(Layout layout, int batch, long? bytes)
        => layout.Tensor > 1 && shards.Level > 0
        ? throw new UsageException($"--zero {shards.Level} divides what data ranks hold, tensor the layers: give one of them")
        : layout.ShardsLinear && shards.Level > 0
        ? throw new UsageException($"--zero {shards.Level} divides all parameters, shard=linear some: give one of them")
        : layout.Pipe > 1 && shards.Level > 0
        ? throw new UsageException($"--zero {shards.Level} divides what data ranks hold, not the layers: data={layout.Ranks},pipe=1 works, or no --zero")
        : Planner(layout, batch).Within(bytes) ?? throw new UsageException(
            $"{layout} does not fit {ByteText.Of(bytes ?? 0)} on every rank: it needs about {ByteText.Of(Least(layout, batch, bytes ?? 0))}");

    /// <summary>The model as ranks divide its layers.</summary>
    /// <exception cref="UsageException">There is nothing to divide, or it does not divide.</exception>
    internal static PartitionedGraph Partition(Graph source, Layout layout, int batch, IRowExchange? ranks = null, bool dividesLoss = true)
    {
        var what = layout.Tensor > 1 ? "tensor" : "shard=linear";
        if (source.Precision.IsMixed) throw new UsageException($"--layout {layout}: {what} sends fp32, not --precision {source.Precision}: give one of them");
        if (layout.Tensor == 1)
            return PartitionedGraph.Of(source, batch / layout.Data, ranks ?? new NoExchange(layout.Data))
                ?? throw new UsageException($"--layout {layout}: with a batch of {batch} no linear layer of {source.Name} with features that divide by {layout.Data} sends less in slices than whole: data={layout.Data} works");
        try
        {
            return TensorPartition.Of(source, ranks ?? new NoExchange(layout.Tensor), dividesLoss)
                ?? throw new UsageException($"{source.Name} has no attention, pairs of linear layers or tables that {layout.Tensor} ranks could divide");
        }
        catch (UsageException e) { throw new UsageException($"--layout {layout}: {e.Message}: {Divisible(source, layout, dividesLoss)} works"); }
    }

    // The nearest number of ranks with the same samples that divides.
    private static string Divisible(Graph source, Layout layout, bool dividesLoss)
    {
        var tensor = Enumerable.Range(2, layout.Ranks - 1).Where(t => layout.Ranks % t == 0 && IsDivisible(source, t, dividesLoss))
            .DefaultIfEmpty(1).MinBy(t => Math.Abs(t - layout.Tensor));
        return tensor > 1 ? $"data={layout.Ranks / tensor},tensor={tensor}" : $"data={layout.Ranks}";
    }

    private static bool IsDivisible(Graph source, int tensor, bool dividesLoss)
    {
        try { return new TensorSharding(source, tensor, dividesLoss).IsAny; }
        catch (UsageException) { return false; }
    }

    /// <summary>
    /// All layouts of so many ranks within so many bytes, the fastest first; those that do not fit are left out.
    /// </summary>
    /// <param name="ranks">How many.</param>
    /// <param name="batch">Samples of a step, over all ranks.</param>
    /// <param name="bytes">Of every rank; null for no limit.</param>
    /// <exception cref="UsageException">The batch cannot be divided among the ranks in any way.</exception>
    public IReadOnlyList<LayoutPlan> All(int ranks, int batch, long? bytes)
    {
        var layouts = Layouts(ranks, batch).ToArray();
        if (layouts.Length == 0) throw new UsageException($"{ranks} ranks cannot share a batch of {batch} in any layout: a batch of {(batch / ranks + 1) * ranks} works");
        return [.. layouts.Select(layout => Tried(layout, batch, bytes)).OfType<LayoutPlan>()
            .OrderBy(p => p.StepSeconds).ThenBy(p => p.PeakBytes)];
    }

    /// <summary>About the least bytes with which some layout works.</summary>
    public long LeastBytes(int ranks, int batch, long below)
        => Layouts(ranks, batch).GroupBy(l => (l.Data, l.Pipe, l.Tensor, l.ShardsLinear)).Select(g => g.MaxBy(l => l.Micro)!)
        .Where(l => l.Order.Name == "1f1b" || l.Pipe == 1).Select(l => Least(l, batch, below)).DefaultIfEmpty(0).Min();

    /// <summary>
    /// So many ranks of the same bytes that some layout works, doubled from those that are too few; null where 16 times
    /// as many are too few as well.
    /// </summary>
    public int? LeastRanks(int ranks, int batch, long bytes)
    {
        for (var more = 2 * ranks; more <= 16 * ranks; more *= 2)
            foreach (var layout in Layouts(more, batch).Where(l => l.Order.Name == "1f1b")
                .GroupBy(l => (l.Data, l.Pipe, l.Tensor, l.ShardsLinear)).Select(g => g.MaxBy(l => l.Micro)!))
                if (Tried(layout, batch, bytes) is not null) return more;
        return null;
    }

    private LayoutPlanner Planner(Layout layout, int batch)
    {
        var micro = batch / (layout.Data * layout.Micro);
        var isSplit = layout.Order.IsSplit;
        if (layout.ShardsLinear || layout.Tensor > 1)
        {
            var key = (layout.Data, layout.Tensor, batch, (long)micro);
            if (!sliced.TryGetValue(key, out var part)) sliced[key] = part = Sliced(layout, batch, micro);
            return new(source, part.Graph, layout, bytesPerSecond, shards, part.Partition);
        }
        if (!known.TryGetValue((micro, isSplit), out var graph))
            known[(micro, isSplit)] = graph = new PlanningGraph(fused,
            isSplit ? profile(fused, micro) : WithAutograd(profile(fused, micro)));
        return new(source, graph, layout, bytesPerSecond, shards);
    }

    private (PlanningGraph, PartitionedGraph) Sliced(Layout layout, int batch, long micro)
    {
        var partition = Partition(source, layout, batch, dividesLoss: DividesLoss);
        var run = Fusion.Fuse(partition.Graph);
        var costs = hasProfile ? profile(run, micro)
            : AnalyticProfile.InTurn(run, micro, partition.LossNumbers == 0 ? null
            : new LossTraits(ReadsOutput: false, Overwrites: true) { RowBytes = TensorPartition.LossRowBytes(layout.Tensor) });
        return (new PlanningGraph(run, WithAutograd(costs)), partition);
    }

    // Several micro-batches are in flight: ways to run backward that were chosen for one alone are left out.
    private static Profile WithAutograd(Profile profile)
        => profile with { Nodes = [.. profile.Nodes.Select(n => n with { ParameterWays = [], InputWays = [] })] };

    private LayoutPlan? Tried(Layout layout, int batch, long? bytes)
    {
        try { return Planner(layout, batch).Within(bytes); }
        catch (UsageException) { return null; } // a net with fewer places to cut
    }

    private long Least(Layout layout, int batch, long from)
    {
        var (low, high) = (from, Tried(layout, batch, null)?.PeakBytes ?? 0);
        if (high <= low) return high;
        for (var i = 0; i < 7; i++)
        {
            var middle = low + (high - low) / 2;
            if (Tried(layout, batch, middle) is { } plan) high = plan.PeakBytes;
            else low = middle;
        }
        return high;
    }

    /// <summary>Ways to divide ranks and batch: two orders, and micro-batches in powers of two.</summary>
    private IEnumerable<Layout> Layouts(int ranks, int batch)
    {
        var isDivided = batch % ranks == 0 && IsDivided(ranks, batch);
        foreach (var layout in TensorLayouts(ranks, batch)) yield return layout;
        for (var pipe = 1; pipe <= (shards.Level > 0 ? 1 : ranks); pipe++)
        {
            if (ranks % pipe != 0 || batch % (ranks / pipe) != 0) continue;
            var share = batch / (ranks / pipe);
            for (var micro = 1; micro <= Math.Min(share, 16 * pipe); micro *= 2)
                if (share % micro == 0)
                {
                    if (pipe == 1 && isDivided)
                        yield return new Layout(ranks, 1, PipelineOrders.Find("1f1b"), micro, []) { ShardsLinear = true };
                    foreach (var order in pipe == 1 ? [PipelineOrders.Find("1f1b")]
                        : new[] { PipelineOrders.Find("1f1b"), PipelineOrders.Find("1f1b-eager") })
                        yield return new Layout(ranks / pipe, pipe, order, micro, []);
                }
        }
    }

    private IEnumerable<Layout> TensorLayouts(int ranks, int batch)
    {
        if (shards.Level > 0 || source.Precision.IsMixed) yield break;
        for (var tensor = 2; tensor <= ranks; tensor++)
        {
            if (ranks % tensor != 0 || batch % (ranks / tensor) != 0 || !IsDivisible(source, tensor, DividesLoss)) continue;
            var share = batch / (ranks / tensor);
            for (var micro = 1; micro <= Math.Min(share, 16); micro *= 2)
                if (share % micro == 0) yield return new Layout(ranks / tensor, 1, PipelineOrders.Find("1f1b"), micro, []) { Tensor = tensor };
        }
    }

    // Whether some layers send less in slices.
    private bool IsDivided(int ranks, int batch)
        => shards.Level == 0 && PartitionedGraph.Of(source, batch / ranks, new NoExchange(ranks)) is not null;

    /// <summary>Bytes a second of <c>1gbit</c>, <c>10gbit</c>, <c>25gbit</c>.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static double Speed(string text)
        => text.EndsWith("gbit", StringComparison.OrdinalIgnoreCase)
        && double.TryParse(text[..^4], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var gigabits)
        && gigabits > 0
            ? gigabits * 125e6
            : throw new UsageException($"--net {text}: give the speed of a link such as 1gbit or 25gbit");
}
