using Interactive.Extensions.Plots;

namespace Interactive.Extensions.Display;

/// <summary>A training run: what came out, and its loss curve.</summary>
internal static class RunFormat
{
    public static MimeBundle Format(RunMetrics run)
    {
        var facts = new Table(["", ""],
            [.. RunSummary.Of(run).Select(f => (IReadOnlyList<string>)[f.Name, f.Value])
            .Prepend(["run", run.Name + (run.IsFinished ? "" : " (not finished)")])]);
        var figure = FigureFormat.Format(TrainingFigures.Loss(run));
        return new(new Dictionary<string, object>(figure.Data)
        {
            [Mime.Html] = facts.ToHtml() + figure.Data[Mime.Html],
            [Mime.Text] = facts.ToText().Trim('\n', ' '),
        });
    }

    /// <summary>Several runs side by side.</summary>
    public static MimeBundle Format(IEnumerable<RunMetrics> runs)
    {
        var facts = runs.Select(r => (Run: r, Facts: RunSummary.Of(r).ToDictionary(f => f.Name, f => f.Value)))
            .ToList();
        var columns = facts.SelectMany(f => f.Facts.Keys).Distinct().ToList();
        return new Table(["run", .. columns, "finished"],
            [.. facts.Select(f
                => (IReadOnlyList<string>)[f.Run.Name, .. columns.Select(c => f.Facts.GetValueOrDefault(c, "")),
                f.Run.IsFinished ? "yes" : "no"])]).ToBundle();
    }
}
