using System.Text.Json;
using Interactive.Extensions.DotnetInteractive;
using Interactive.Monitoring;

namespace Interactive.Extensions.Plots;

/// <summary>A run's numbers, read from its folder.</summary>
/// <param name="Name">The folder's name.</param>
/// <param name="Config">What the run was asked to do.</param>
/// <param name="Train">One record a step.</param>
/// <param name="Evaluations">One record an evaluation.</param>
/// <param name="IsFinished">The run came to its end.</param>
[TypeFormatterSource(typeof(PolyglotFormatterSource))]
public sealed record RunMetrics(string Name, JsonElement Config, IReadOnlyList<TrainRecord> Train, IReadOnlyList<EvalRecord> Evaluations, bool IsFinished)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>The metrics of its evaluations, in the order of their first appearance.</summary>
    public IReadOnlyList<string> MetricNames => [.. Evaluations.SelectMany(e => e.Metrics.Keys).Distinct()];

    /// <summary>What the run minimises, for people.</summary>
    public string Objective => Config.ValueKind == JsonValueKind.Object && Config.TryGetProperty("objective", out var name) && name.GetString() is { Length: > 0 } text && text != "cross_entropy"
        ? text.Replace('_', ' ') : "cross-entropy";

    /// <summary>Reads <c>config.json</c> and <c>metrics.jsonl</c>.</summary>
    /// <exception cref="UsageException">The folder is not a run directory.</exception>
    public static RunMetrics Read(string runDirectory)
    {
        var (config, metrics) = (Path.Combine(runDirectory, "config.json"), Path.Combine(runDirectory, "metrics.jsonl"));
        if (!File.Exists(config) || !File.Exists(metrics))
            throw new UsageException($"{runDirectory} is not a run directory: it lacks {(File.Exists(config) ? "metrics.jsonl" : "config.json")}");
        var (train, evaluations) = (new List<TrainRecord>(), new List<EvalRecord>());
        foreach (var line in File.ReadLines(metrics))
        {
            try
            {
                using var document = JsonDocument.Parse(line);
                if (document.RootElement.GetProperty("kind").GetString() == "train") train.Add(document.Deserialize<TrainRecord>(Json)!);
                else evaluations.Add(document.Deserialize<EvalRecord>(Json)!);
            }
            catch (JsonException) { } // a line that is being written
        }
        using var parsed = JsonDocument.Parse(File.ReadAllText(config));
        return new RunMetrics(Path.GetFileName(Path.GetFullPath(runDirectory)), parsed.RootElement.Clone(), train, evaluations,
            File.Exists(Path.Combine(runDirectory, "finished")));
    }
}
