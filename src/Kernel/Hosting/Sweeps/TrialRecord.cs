using System.Text.Json;
using System.Text.Json.Serialization;
using Interactive.Monitoring;

namespace Interactive.Kernel.Hosting.Sweeps;

/// <summary>How a trial ended, a line of a sweep's <c>trials.jsonl</c>.</summary>
/// <param name="Trial">Its number, from 0.</param>
/// <param name="State">finished, stopped (by halving) or failed.</param>
/// <param name="Run">Its run directory's name; empty where it made none.</param>
/// <param name="Set">Values by flag.</param>
/// <param name="Metric">What counts.</param>
/// <param name="Values">It, by evaluation.</param>
/// <param name="HigherIsBetter">Whether more of it is better.</param>
internal sealed record TrialRecord(int Trial, string State, string Run, IReadOnlyDictionary<string, string> Set,
    string Metric, IReadOnlyList<double> Values, bool HigherIsBetter)
{
    private static readonly JsonSerializerOptions json =
        new(JsonSerializerDefaults.Web) { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>The best of its evaluations; not a number where there was none.</summary>
    public double Best
        => Values.Where(double.IsFinite).DefaultIfEmpty(double.NaN)
        .Aggregate((a, b) => HigherIsBetter ? Math.Max(a, b) : Math.Min(a, b));

    /// <summary>Adds it to the file.</summary>
    public void AppendTo(string path)
        => LineFile.Add(path, JsonSerializer.SerializeToUtf8Bytes(this, json), toDisk: true);

    /// <summary>Those of a file, in order; a line that was cut does not count: its trial runs again.</summary>
    public static IEnumerable<TrialRecord> ReadAll(string path)
    {
        if (!File.Exists(path)) yield break;
        foreach (var line in File.ReadLines(path))
        {
            TrialRecord? record = null;
            try { record = JsonSerializer.Deserialize<TrialRecord>(line, json); }
            catch (JsonException) { }
            if (record is { Set: not null, Values: not null }) yield return record;
        }
    }
}
