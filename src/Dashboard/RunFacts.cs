using System.Globalization;
using System.Text.Json;
using Interactive.Training;

namespace Interactive.Dashboard;

/// <summary>What a person first wants to know of a run, from curves that are read already.</summary>
internal static class RunFacts
{
    private const string Test = "test ";

    public static IEnumerable<(string Name, string Value)> Of(JsonElement config, RunCurves run)
    {
        string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        string? Config(string name) => config.TryGetProperty(name, out var value) ? value.ToString() : null;
        if (Config("model") is { } model) yield return ("model", model);
        if (long.TryParse(Config("parameters"), out var count)) yield return ("parameters", Text($"{count:N0}"));
        if (Config("ranks") is { } ranks) yield return ("ranks", ranks);
        foreach (var (name, curve) in run.Curves.Where(c => c.Key.StartsWith(Test, StringComparison.Ordinal)))
            yield return ($"last {name.Replace('_', ' ')}", MetricText.Value(name[Test.Length..], curve.Last));
        if (run.Curves.TryGetValue("loss", out var loss)) yield return ("steps", Text($"{loss.LastStep:N0}"));
        if (run.Curves.TryGetValue("samplesPerSecond", out var speed))
            yield return ("samples / s, median", Text($"{speed.Median():N0}"));
        if (run.Curves.TryGetValue("peakBytes", out var peak))
            yield return ("peak of tensors", Text($"{peak.Greatest / 1048576:N0} MiB"));
    }
}
