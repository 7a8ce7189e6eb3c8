using System.Globalization;
using System.Text.Json;
using Interactive.Extensions.Plots;
using Interactive.Monitoring;
using Interactive.Training;

namespace Interactive.Kernel.Hosting.Commands.Runs;

/// <summary>What a list tells of a run.</summary>
/// <param name="Run">Its folder's name.</param>
/// <param name="State">live, finished or cut.</param>
/// <param name="Model">The net.</param>
/// <param name="Steps">Steps that are kept.</param>
/// <param name="Metrics">Those of the last evaluation, <c>loss</c> first.</param>
/// <param name="Options">What it was asked to do.</param>
internal sealed record RunRow(string Run, string State, string Model, long Steps, IReadOnlyDictionary<string, double> Metrics, IReadOnlyDictionary<string, string> Options)
{
    private static readonly IReadOnlyDictionary<string, string> defaults = Texts(JsonSerializer.SerializeToElement(new TrainerOptions(), JsonSerializerOptions.Web));

    /// <summary>Reads a run; null for a folder whose files are damaged, which a list passes over with a word.</summary>
    public static RunRow? Read(RunDirectory run)
    {
        RunMetrics read;
        try { read = RunMetrics.Read(run.Path); }
        catch (UsageException e)
        {
            Console.Error.WriteLine($"interactive: {e.Message}: left out");
            return null;
        }
        var last = read.Evaluations.LastOrDefault();
        return new(run.Id, StateOf(run), Text(read.Config, "model"), read.Train.LastOrDefault()?.Step ?? 0,
            last is null ? new Dictionary<string, double>() : last.Metrics.Prepend(KeyValuePair.Create("loss", last.Loss)).DistinctBy(m => m.Key).ToDictionary(m => m.Key, m => m.Value),
            read.Config.TryGetProperty("options", out var options) ? Texts(options) : new Dictionary<string, string>());
    }

    /// <summary>Whether it goes on, came to its end, or neither.</summary>
    public static string StateOf(RunDirectory run) => run.IsFinished ? "finished" : run.IsLive ? "live" : "cut";

    /// <summary>The options that are not a trainer's defaults.</summary>
    public IEnumerable<KeyValuePair<string, string>> Chosen => Options.Where(o => defaults.GetValueOrDefault(o.Key) != o.Value);

    /// <summary>A column by its name: a metric, an option as its flag or its property, run, state, model or steps.</summary>
    public string? Column(string name) => name switch
    {
        "run" => Run,
        "state" => State,
        "model" => Model,
        "steps" => Steps.ToString(CultureInfo.InvariantCulture),
        _ when Metrics.TryGetValue(name, out var metric) => Number(metric),
        _ => Options.GetValueOrDefault(Property(name)),
    };

    /// <summary>The flag <c>learning-rate</c> is the property <c>learningRate</c>.</summary>
    public static string Property(string flag)
    {
        var words = flag.TrimStart('-').Split('-');
        return string.Concat(words.Select((word, i) => i == 0 || word.Length == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));
    }

    /// <summary>Four digits, as in a table.</summary>
    public static string Number(double value) => value.ToString("G4", CultureInfo.InvariantCulture);

    private static string Text(JsonElement config, string name) => config.TryGetProperty(name, out var value) ? value.ToString() : "?";

    private static IReadOnlyDictionary<string, string> Texts(JsonElement options)
        => options.ValueKind == JsonValueKind.Object ? options.EnumerateObject().DistinctBy(o => o.Name).ToDictionary(o => o.Name, o => o.Value.ValueKind == JsonValueKind.String ? o.Value.GetString()! : o.Value.GetRawText()) : new Dictionary<string, string>();
}
