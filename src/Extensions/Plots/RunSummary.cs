using System.Globalization;
using Interactive.Training;

namespace Interactive.Extensions.Plots;

/// <summary>What a person first wants to know of a run.</summary>
public static class RunSummary
{
    /// <summary>A large whole number in three digits: 11,170,371 is 11.2 M. Anything else as it is.</summary>
    public static string Short(string value)
    {
        if (!long.TryParse(value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var number)
            || number < 100_000) return value;
        var (scale, unit) = number < 1_000_000 ? (1e3, "k") : number < 1_000_000_000 ? (1e6, "M") : (1e9, "G");
        return string.Create(CultureInfo.InvariantCulture, $"{number / scale:G3} {unit}");
    }

    /// <summary>Names and values, with their units.</summary>
    public static IEnumerable<(string Name, string Value)> Of(RunMetrics run)
    {
        string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        string Config(string name) => run.Config.TryGetProperty(name, out var value) ? value.ToString() : "?";
        yield return ("model", Config("model"));
        yield return ("parameters", long.TryParse(Config("parameters"), out var count) ? Text($"{count:N0}") : "?");
        yield return ("ranks", Config("ranks"));
        foreach (var name in run.MetricNames)
        {
            var words = name.Replace('_', ' ');
            yield return ($"final {words}", MetricText.Value(name, run.Evaluations[^1][name]));
            if (name == "accuracy")
                yield return ($"best {words}", MetricText.Value(name, run.Evaluations.Max(e => e[name])));
        }
        if (run.MetricNames.Count == 0 && run.Evaluations.Count > 0)
            yield return ("final test loss", Text($"{run.Evaluations[^1].Loss:G5}"));
        if (run.Train.Count == 0) yield break;
        yield return ("steps", Text($"{run.Train[^1].Step:N0}"));
        yield return ("samples / s, median",
            Text($"{run.Train.Select(t => t.SamplesPerSecond).Order().ElementAt(run.Train.Count / 2):N0}"));
        yield return ("peak tensor memory", Text($"{run.Train.Max(t => t.PeakBytes) / 1048576.0:N0} MiB"));
    }
}
