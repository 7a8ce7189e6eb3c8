using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Runtime;

namespace Interactive.Training;

/// <summary>Keeps the model of the best evaluation so far, as <c>checkpoints/best.safetensors</c>.</summary>
/// <param name="graph">The model.</param>
/// <param name="parts">Its data, whose classes and preparation are kept with it, and the metric that decides.</param>
/// <param name="higherIsBetter">Whether more of that metric is better.</param>
internal sealed class BestModel(Graph graph, TrainerParts parts, bool higherIsBetter)
{
    /// <summary>The metric, negated where less is better; minus infinity before the first evaluation.</summary>
    public double Score { get; set; } = double.NegativeInfinity;

    /// <summary>The score of a run that is gone on with; minus infinity where another metric has chosen until now.</summary>
    public double Like(RunPosition kept, Action<string> tell)
    {
        if (kept.BestBy is null || kept.BestBy == parts.Best) return kept.Best;
        tell($"the best model was chosen by {kept.BestBy}: from here on it is chosen anew, by {parts.Best}");
        return double.NegativeInfinity;
    }

    /// <summary>Takes note of an evaluation; true where it is the best.</summary>
    public bool Takes(EvalRecord record)
    {
        var score = higherIsBetter ? record[parts.Best] : -record[parts.Best];
        var isBest = score > Score;
        if (isBest) Score = score;
        return isBest;
    }

    /// <summary>Writes the model as it is; whoever commits it puts it in its place.</summary>
    public FileDraft Draft(RunDirectory run, EvalRecord record)
        => Model.DraftBest(Path.Combine(run.Checkpoints, "best.safetensors"), graph, parts.Train.ClassNames,
            parts.Train.Normalisation, record.Metrics, parts.Test.PictureSteps ?? parts.Train.PictureSteps, parts.Train.TableColumns);
}
