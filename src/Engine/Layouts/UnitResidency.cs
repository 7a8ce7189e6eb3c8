using Interactive.Graphs;
using Interactive.Memory;

namespace Interactive.Layouts;

/// <summary>
/// Which units of parameters are there while a schedule runs: a unit comes before the first step of forward, and again
/// before the first of backward, that reads one of its parameters, and may go after the last. Those that may go stay
/// until another one has to come, so that what is needed again at once is not brought twice.
/// </summary>
internal sealed class UnitResidency
{
    private readonly bool[] isHere, isIdle;
    private readonly int[][] comes, goes; // by step

    /// <param name="steps">The schedule.</param>
    /// <param name="lossAt">The step after which the loss is computed.</param>
    /// <param name="units">How many.</param>
    /// <param name="unitsOf">By step: the units that it reads.</param>
    public UnitResidency(IReadOnlyList<Step> steps, int lossAt, int units, Func<Step, IEnumerable<int>> unitsOf)
    {
        (isHere, isIdle) = (new bool[units], new bool[units]);
        var (first, last) = (new List<int>[steps.Count], new List<int>[steps.Count]);
        for (var i = 0; i < steps.Count; i++) (first[i], last[i]) = ([], []);
        foreach (var (low, high) in new[] { (0, lossAt + 1), (lossAt + 1, steps.Count) })
        {
            var uses = Enumerable.Range(low, Math.Max(0, high - low)).Where(i => steps[i].Kind != StepKind.Free)
                .SelectMany(i => unitsOf(steps[i]).Select(unit => (Unit: unit, At: i)));
            foreach (var unit in uses.GroupBy(use => use.Unit, use => use.At))
            {
                first[unit.Min()].Add(unit.Key);
                last[unit.Max()].Add(unit.Key);
            }
        }
        (comes, goes) = ([.. first.Select(u => u.Order().ToArray())], [.. last.Select(u => u.Order().ToArray())]);
    }

    /// <summary>The units that a step of the graph reads, by its parameters.</summary>
    public static Func<Step, IEnumerable<int>> Reads(Graph graph, Func<TorchSharp.Modules.Parameter, int> unitOf)
        => step => graph.Nodes[step.Id].Op.Parameters.Select(unitOf).Where(unit => unit >= 0).Distinct();

    /// <summary>Brings a unit.</summary>
    public Action<int> Come { get; init; } = _ => { };
    /// <summary>Lets a unit go.</summary>
    public Action<int> Go { get; init; } = _ => { };

    /// <summary>Before a step.</summary>
    public void Before(int step)
    {
        if (step < 0) return; // the loss
        foreach (var unit in comes[step])
        {
            isIdle[unit] = false;
            if (isHere[unit]) continue;
            Clear(idleOnly: true);
            isHere[unit] = true;
            Come(unit);
        }
    }

    /// <summary>After a step.</summary>
    public void After(int step)
    {
        if (step < 0) return;
        foreach (var unit in goes[step]) isIdle[unit] = true;
    }

    /// <summary>Plays the schedule without its computations, for a rank that has none while others do.</summary>
    public void Pass()
    {
        for (var i = 0; i < comes.Length; i++)
        {
            Before(i);
            After(i);
        }
    }

    /// <summary>Lets the units go that are there, or those of them that are not in use.</summary>
    public void Clear(bool idleOnly = false)
    {
        for (var unit = 0; unit < isHere.Length; unit++)
            if (isHere[unit] && (isIdle[unit] || !idleOnly))
            {
                isHere[unit] = false;
                Go(unit);
            }
    }

    /// <summary>Notes that all units are there.</summary>
    public void Fill()
    {
        Array.Fill(isHere, true);
        Array.Fill(isIdle, true);
    }

    /// <summary>The most that units of such sizes come to, over micro-batches one after another.</summary>
    public static long Peak(IReadOnlyList<Step> steps, int lossAt, IReadOnlyList<long> sizes,
        Func<Step, IEnumerable<int>> unitsOf)
    {
        long here = 0, most = 0;
        var play = new UnitResidency(steps, lossAt, sizes.Count, unitsOf)
        {
            Come = unit => most = Math.Max(most, here += sizes[unit]),
            Go = unit => here -= sizes[unit],
        };
        play.Pass();
        play.Pass();
        return most;
    }
}
