using Interactive.Data;
using Interactive.Execution;

namespace Interactive.Training;

/// <summary>A rank's micro-batches of one step with what they weigh, or why there are none.</summary>
internal sealed record RankStep(IReadOnlyList<Batch> Batches, double[] Weights, string? Error) : IDisposable
{
    /// <summary>The next step's.</summary>
    /// <param name="batches">This rank's micro-batches in order.</param>
    /// <param name="count">How many make a step.</param>
    /// <param name="objective">Says what they weigh.</param>
    public static RankStep Next(IEnumerator<Batch> batches, int count, IObjective objective)
    {
        var taken = new List<Batch>(count);
        try
        {
            while (taken.Count < count && batches.MoveNext()) taken.Add(batches.Current);
            return new(taken, [.. taken.Select(batch => objective.Weight(batch.Targets))], null);
        }
        catch (UsageException e)
        {
            taken.ForEach(batch => batch.Dispose());
            return new([], [], e.Message);
        }
    }

    public void Dispose()
    {
        foreach (var batch in Batches) batch.Dispose();
    }
}
