using System.Globalization;

namespace Interactive.Extensions.Plots;

/// <summary>What a person first wants to know of a run.</summary>
internal static class RunSummary
{
    /// <summary>Names and values, with their units.</summary>
    public static IEnumerable<(string Name, string Value)> Of(RunMetrics run)
    {
        string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        string Config(string name) => run.Config.TryGetProperty(name, out var value) ? value.ToString() : "?";
        yield return ("model", Config("model"));
        yield return ("parameters", long.TryParse(Config("parameters"), out var count) ? Text($"{count:N0}") : "?");
        yield return ("ranks", Config("ranks"));
        if (run.Evaluations.Count > 0)
        {
            yield return ("final accuracy", Text($"{run.Evaluations[^1].Accuracy:P2}"));
            yield return ("best accuracy", Text($"{run.Evaluations.Max(e => e.Accuracy):P2}"));
        }
        if (run.Train.Count == 0) yield break;
        yield return ("steps", Text($"{run.Train[^1].Step:N0}"));
        yield return ("samples / s, median", Text($"{run.Train.Select(t => t.SamplesPerSecond).Order().ElementAt(run.Train.Count / 2):N0}"));
        yield return ("peak tensor memory", Text($"{run.Train.Max(t => t.PeakBytes) / 1048576.0:N0} MiB"));
    }
}
