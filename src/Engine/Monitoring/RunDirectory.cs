using System.Text.Json;

namespace Interactive.Monitoring;

/// <summary>
/// One run's files: <c>config.json</c>, <c>metrics.jsonl</c>, a TensorBoard event file, <c>checkpoints/</c>, and
/// <c>finished</c>, which is written last: a run without it was cut short, whatever its exit code.
/// </summary>
public sealed class RunDirectory
{
    /// <summary>
    /// An environment variable: a file to which the path of each run is written, so that a supervisor outside knows where
    /// to look for the <c>finished</c> marker.
    /// </summary>
    public const string NoteVariable = "INTERACTIVE_RUN_NOTE";

    private RunDirectory(string path) => Path = path;

    /// <summary>The folder.</summary>
    public string Path { get; }
    /// <summary>Its name.</summary>
    public string Id => System.IO.Path.GetFileName(Path);
    /// <summary>Where checkpoints are.</summary>
    public string Checkpoints => System.IO.Path.Combine(Path, "checkpoints");
    /// <summary>The metrics as JSON lines.</summary>
    public string Metrics => System.IO.Path.Combine(Path, "metrics.jsonl");
    /// <summary>True when the run came to its end.</summary>
    public bool IsFinished => File.Exists(System.IO.Path.Combine(Path, "finished"));

    /// <summary>A new folder <c>root/yyyyMMdd-HHmmss-name</c>.</summary>
    public static RunDirectory Create(string root, string name)
    {
        var id = $"{DateTime.Now:yyyyMMdd-HHmmss}-{name}";
        for (var i = 1; Directory.Exists(System.IO.Path.Combine(root, id)); i++) id = $"{DateTime.Now:yyyyMMdd-HHmmss}-{name}-{i}";
        return Open(System.IO.Path.Combine(root, id));
    }

    /// <summary>The given folder, made where it is not there.</summary>
    public static RunDirectory Open(string path)
    {
        Directory.CreateDirectory(System.IO.Path.Combine(path, "checkpoints"));
        var run = new RunDirectory(System.IO.Path.GetFullPath(path));
        if (Environment.GetEnvironmentVariable(NoteVariable) is { Length: > 0 } note) AtomicFile.WriteText(note, run.Path);
        return run;
    }

    /// <summary>The runs in a folder that have begun to write metrics, oldest first; none where there is no such folder.</summary>
    public static IReadOnlyList<RunDirectory> All(string root) => !Directory.Exists(root) ? []
        : [.. Directory.GetDirectories(root).Order(StringComparer.Ordinal).Select(d => new RunDirectory(d)).Where(r => File.Exists(System.IO.Path.Combine(r.Path, "config.json")) && File.Exists(r.Metrics))];

    /// <summary>The newest run of this name that did not finish, or null.</summary>
    public static RunDirectory? NewestUnfinished(string root, string name)
        => !Directory.Exists(root) ? null
            : Directory.GetDirectories(root).Where(d => IsOf(System.IO.Path.GetFileName(d), name))
                .Order(StringComparer.Ordinal).Reverse().Select(d => new RunDirectory(d)).FirstOrDefault(r => !r.IsFinished);

    // yyyyMMdd-HHmmss-name, with -1, -2, … for runs that began in the same second.
    private static bool IsOf(string id, string name)
        => id.Length > 16 && id[16..] is var rest && rest.StartsWith(name, StringComparison.Ordinal)
            && (rest.Length == name.Length || rest[name.Length] == '-' && int.TryParse(rest.AsSpan(name.Length + 1), out _));

    /// <summary>Writes what the run was asked to do.</summary>
    public void WriteConfig(object config)
        => AtomicFile.WriteText(System.IO.Path.Combine(Path, "config.json"), JsonSerializer.Serialize(config, RunLog.Json));

    /// <summary>Marks the run as finished.</summary>
    public void Finish() => AtomicFile.WriteText(System.IO.Path.Combine(Path, "finished"), DateTime.Now.ToString("O") + "\n");
}
