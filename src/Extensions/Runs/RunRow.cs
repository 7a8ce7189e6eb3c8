using System.Globalization;
using System.Text.Json;
using Interactive.Extensions.Plots;
using Interactive.Monitoring;

namespace Interactive.Extensions.Runs;

/// <summary>What a list tells of a run.</summary>
/// <param name="Run">Its folder's name.</param>
/// <param name="State">live, finished or cut.</param>
/// <param name="Model">The net.</param>
/// <param name="Steps">Steps that are kept.</param>
/// <param name="Metrics">Those of the last evaluation, <c>loss</c> first.</param>
/// <param name="Options">What it was asked to do.</param>
internal sealed record RunRow(string Run, string State, string Model, long Steps,
    IReadOnlyDictionary<string, double> Metrics, IReadOnlyDictionary<string, string> Options)
{
    /// <summary>Reads a run: its configuration, and its numbers from their end.</summary>
    /// <exception cref="UsageException">The folder is no run's, or its configuration is damaged.</exception>
    public static RunRow Read(RunDirectory run)
    {
        var config = RunMetrics.ReadConfig(run.Path);
        var (step, last) = MetricsTail.Read(run.Metrics);
        return new(run.Id, StateOf(run), Text(config, "model"), step,
            last is null ? new Dictionary<string, double>()
                : last.Metrics.Prepend(KeyValuePair.Create("loss", last.Loss)).DistinctBy(m => m.Key)
                .ToDictionary(m => m.Key, m => m.Value),
            RunOptions.Of(config));
    }

    /// <summary>The runs of a folder, oldest first; one whose files are damaged is passed over and told of.</summary>
    public static IReadOnlyList<RunRow> All(string root, Action<string> damaged)
    {
        var rows = new List<RunRow>();
        foreach (var run in RunDirectory.All(root))
            try { rows.Add(Read(run)); }
            catch (Exception e) when (e is UsageException or IOException) { damaged($"{e.Message}: left out"); }
        return rows;
    }

    /// <summary>Whether it goes on, came to its end, or neither.</summary>
    public static string StateOf(RunDirectory run) => run.IsFinished ? "finished" : run.IsLive ? "live" : "cut";

    /// <summary>The options that are not a trainer's defaults.</summary>
    public IEnumerable<KeyValuePair<string, string>> Chosen => RunOptions.Chosen(Options);

    /// <summary>
    /// A column by its name: a metric, an option as its flag or its property, run, state, model or steps.
    /// </summary>
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
        return string.Concat(words
            .Select((word, i) => i == 0 || word.Length == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));
    }

    /// <summary>Four digits, as in a table.</summary>
    public static string Number(double value) => value.ToString("G4", CultureInfo.InvariantCulture);

    private static string Text(JsonElement config, string name)
        => config.TryGetProperty(name, out var value) ? value.ToString() : "?";
}
