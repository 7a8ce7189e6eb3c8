using System.Text.Json;
using Interactive.Training;

namespace Interactive.Extensions.Plots;

/// <summary>What a run was asked to do, as texts by the names of <see cref="TrainerOptions"/>.</summary>
internal static class RunOptions
{
    /// <summary>What a trainer's options are where nothing was asked.</summary>
    public static IReadOnlyDictionary<string, string> Defaults { get; }
        = Texts(JsonSerializer.SerializeToElement(new TrainerOptions(), JsonSerializerOptions.Web));

    /// <summary>All options of a configuration.</summary>
    public static IReadOnlyDictionary<string, string> Of(JsonElement config)
        => config.TryGetProperty("options", out var options) ? Texts(options) : new Dictionary<string, string>();

    /// <summary>Those that are not the defaults.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Chosen(IReadOnlyDictionary<string, string> options)
        => options.Where(o => Defaults.GetValueOrDefault(o.Key) != o.Value);

    private static IReadOnlyDictionary<string, string> Texts(JsonElement options)
        => options.ValueKind == JsonValueKind.Object
        ? options.EnumerateObject().DistinctBy(o => o.Name).ToDictionary(o => o.Name,
        o => o.Value.ValueKind == JsonValueKind.String ? o.Value.GetString()! : o.Value.GetRawText())
        : new Dictionary<string, string>();
}
