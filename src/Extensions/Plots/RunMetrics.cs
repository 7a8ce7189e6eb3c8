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
public sealed record RunMetrics(string Name, JsonElement Config, IReadOnlyList<TrainRecord> Train,
    IReadOnlyList<EvalRecord> Evaluations, bool IsFinished)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>The metrics of its evaluations, in the order of their first appearance.</summary>
    public IReadOnlyList<string> MetricNames => [.. Evaluations.SelectMany(e => e.Metrics.Keys).Distinct()];

    /// <summary>What the run minimises, for people.</summary>
    public string Objective
        => Config.ValueKind == JsonValueKind.Object && Config.TryGetProperty("objective", out var name)
        && name.ValueKind == JsonValueKind.String && name.GetString() is { Length: > 0 } text && text != "cross_entropy"
        ? text.Replace('_', ' ') : "cross-entropy";

    /// <summary>
    /// Reads <c>config.json</c> and <c>metrics.jsonl</c>; lines of the latter that are no records do not count.
    /// </summary>
    /// <exception cref="UsageException">The folder is not a run directory, or its configuration is damaged.</exception>
    public static RunMetrics Read(string runDirectory)
    {
        var config = ReadConfig(runDirectory);
        var (train, evaluations) = (new List<TrainRecord>(), new List<EvalRecord>());
        foreach (var line in File.ReadLines(Path.Combine(runDirectory, "metrics.jsonl")))
        {
            try
            {
                using var document = JsonDocument.Parse(line);
                if (document.RootElement.ValueKind != JsonValueKind.Object
                    || !document.RootElement.TryGetProperty("kind", out var kind)
                    || kind.ValueKind != JsonValueKind.String) continue;
                if (kind.ValueEquals("train")) train.Add(document.Deserialize<TrainRecord>(Json)!);
                else if (kind.ValueEquals("eval")) evaluations.Add(document.Deserialize<EvalRecord>(Json)!);
            }
            catch (JsonException) { } // a line that is being written, or damaged
        }
        return new RunMetrics(Path.GetFileName(Path.GetFullPath(runDirectory)), config, train, evaluations,
            File.Exists(Path.Combine(runDirectory, "finished")));
    }

    /// <summary>What a run was asked to do: the object in its <c>config.json</c>.</summary>
    /// <exception cref="UsageException">The folder is not a run directory, or its configuration is damaged.</exception>
    public static JsonElement ReadConfig(string runDirectory)
    {
        var (config, metrics) = (Path.Combine(runDirectory, "config.json"),
            Path.Combine(runDirectory, "metrics.jsonl"));
        if (!File.Exists(config) || !File.Exists(metrics))
            throw new UsageException($"{runDirectory} is not a run directory: it lacks {(File.Exists(config) ? "metrics.jsonl" : "config.json")}");
        return Configuration(config);
    }

    // Texts that are no UTF-8, or hold half of a pair, are told by whoever asks for them: not later.
    private static bool IsReadable(JsonElement element)
    {
        try
        {
            return element.ValueKind switch
            {
                JsonValueKind.Object
                    => element.EnumerateObject().All(member => member.Name is not null && IsReadable(member.Value)),
                JsonValueKind.Array => element.EnumerateArray().All(IsReadable),
                JsonValueKind.String => element.GetString() is not null,
                _ => true,
            };
        }
        catch (InvalidOperationException) { return false; }
    }

    private static JsonElement Configuration(string path)
    {
        try
        {
            using var parsed = JsonDocument.Parse(File.ReadAllBytes(path));
            if (parsed.RootElement.ValueKind == JsonValueKind.Object && IsReadable(parsed.RootElement))
                return parsed.RootElement.Clone();
        }
        catch (JsonException) { }
        throw new UsageException($"{path} is damaged: it holds no JSON object");
    }
}
