using System.Text.Json;
using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>
/// What a run that is gone on with was asked otherwise before: told, as its curves and its best model are of both.
/// </summary>
internal static class OtherwiseResumed
{
    // Nothing of the numbers depends on these, or the optimiser tells of them itself.
    private static readonly string[] apart = ["name", "out", "resume", "progress", "trace", "maxSteps", "threads", "workers", "keepLast",
        "checkpointEvery", "mtbf", "logGradientNorm", "evaluateEvery", "evaluationBatchSize", "optimizer", "momentum", "weightDecay"];

    /// <summary>One line with what has changed; null where nothing has, or nobody knows what it was.</summary>
    /// <param name="run">The run, before it writes its configuration anew.</param>
    /// <param name="configuration">What it writes.</param>
    public static string? Told(RunDirectory run, object configuration)
    {
        if (Before(run) is not { } before) return null;
        var now = JsonSerializer.SerializeToElement(configuration, RunLog.Json);
        var told = Changes(Member(before, "options"), Member(now, "options")).Concat(Facts(before, now)).ToList();
        return told.Count == 0 ? null : $"the run goes on otherwise than it began: {string.Join(", ", told)}";
    }

    private static IEnumerable<string> Changes(JsonElement? before, JsonElement? now)
    {
        if (before is not { ValueKind: JsonValueKind.Object } old || now is not { } options) yield break;
        foreach (var option in options.EnumerateObject())
            if (!apart.Contains(option.Name) && old.TryGetProperty(option.Name, out var was) && !JsonElement.DeepEquals(was, option.Value))
                yield return $"{Flag(option.Name)} {Text(option.Value)} (was {Text(was)})";
    }

    private static IEnumerable<string> Facts(JsonElement before, JsonElement now)
    {
        foreach (var (name, shown) in ((string, string)[])[("ranks", "ranks"), ("objective", "objective"), ("samples", "training samples")])
            if (Member(before, name) is { } was && Member(now, name) is { } value && !JsonElement.DeepEquals(was, value))
                yield return $"{shown} {Text(value)} (was {Text(was)})";
        if (Member(before, "firstSample") is { } sample && Member(now, "firstSample") is { } other && !JsonElement.DeepEquals(sample, other))
            yield return "other data (training sample 0 is another one)";
    }

    // learningRate is --learning-rate.
    private static string Flag(string property) => $"--{string.Concat(property.Select(c => char.IsUpper(c) ? $"-{char.ToLowerInvariant(c)}" : $"{c}"))}";

    private static JsonElement? Before(RunDirectory run)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(run.Path, "config.json")));
            return document.RootElement.Clone();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException) { return null; }
    }

    private static JsonElement? Member(JsonElement of, string name)
        => of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) ? value : null;

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString() is { Length: > 0 } text ? text : "none",
        JsonValueKind.Null => "none",
        _ => JsonSerializer.Serialize(value),
    };
}
