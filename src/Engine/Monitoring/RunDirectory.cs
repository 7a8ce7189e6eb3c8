using System.Globalization;
using System.Text;
using System.Text.Json;
using Interactive.Runtime;

namespace Interactive.Monitoring;

/// <summary>
/// One run's files: <c>config.json</c>, <c>metrics.jsonl</c>, a TensorBoard event file, <c>checkpoints/</c>, and
/// <c>finished</c>, which is written last: a run without it was cut short, whatever its exit code.
/// </summary>
public sealed class RunDirectory
{
    /// <summary>
    /// An environment variable: a file to which the path of each run is written, so that a supervisor outside knows
    /// where to look for the <c>finished</c> marker.
    /// </summary>
    public const string NoteVariable = "INTERACTIVE_RUN_NOTE";

    private const string Time = "yyyyMMdd-HHmmss", Latest = "latest";
    private const int Exists = 17; // EEXIST

    private RunDirectory(string path) => Path = path;

    /// <summary>The folder.</summary>
    public string Path { get; }
    /// <summary>Its name.</summary>
    public string Id => System.IO.Path.GetFileName(Path);
    /// <summary>The run's <c>--name</c>; the whole folder's name where it is none of ours.</summary>
    public string Name => NameOf(Id) ?? Id;
    /// <summary>Where checkpoints are.</summary>
    public string Checkpoints => System.IO.Path.Combine(Path, "checkpoints");
    /// <summary>The metrics as JSON lines.</summary>
    public string Metrics => System.IO.Path.Combine(Path, "metrics.jsonl");
    /// <summary>True while a process trains in it, as far as its file <c>owner</c> says.</summary>
    public bool IsLive => OwnerText is { } name && MayLive(name);
    /// <summary>True when the run came to its end.</summary>
    public bool IsFinished => File.Exists(System.IO.Path.Combine(Path, "finished"));

    /// <summary>
    /// A new folder <c>root/yyyyMMdd-HHmmss-name</c>; a run that begins in the same second gets
    /// <c>yyyyMMdd-HHmmss.01-name</c>, also when another process makes it at this moment.
    /// </summary>
    /// <exception cref="UsageException">The name is none for a folder, or none can be made there.</exception>
    public static RunDirectory Create(string root, string name)
    {
        RequireName(name);
        try
        {
            Directory.CreateDirectory(root);
            return Next(root, name);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException && !FullDisk.IsIn(e))
        {
            throw new UsageException(File.Exists(root) ? $"--out {root} is a file: give a folder for runs" : $"--out {root}: no folder can be made there: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    private static RunDirectory Next(string root, string name)
    {
        var time = After(Newest(root), DateTime.Now).ToString(Time, CultureInfo.InvariantCulture);
        for (var i = 0; ; i++)
        {
            var path = System.IO.Path.Combine(root, $"{time}{(i == 0 ? "" : $".{i:D2}")}-{name}");
            if (!Directory.Exists(path) && Claim($"{path}.new"))
                try
                {
                    if (!Directory.Exists(path)) return Open(path);
                }
                finally { File.Delete($"{path}.new"); }
        }
    }

    // Names tell which run is the latest: at the end of summer time, behind a machine of another time zone or a clock that was set
    // back, a run is named as if it had begun just after. A date of long after tells nothing of the order.
    private static DateTime After(DateTime newest, DateTime now)
        => newest > now && newest - now < TimeSpan.FromHours(26) ? newest.AddSeconds(1) : now;

    private static DateTime Newest(string root)
        => Directory.GetDirectories(root).Select(d => TimeOf(System.IO.Path.GetFileName(d)) ?? DateTime.MinValue)
        .Where(time => time < DateTime.Now.AddHours(26)).DefaultIfEmpty(DateTime.MinValue).Max();

    /// <summary>The given folder, made where it is not there.</summary>
    public static RunDirectory Open(string path)
    {
        Directory.CreateDirectory(System.IO.Path.Combine(path, "checkpoints"));
        var run = new RunDirectory(System.IO.Path.GetFullPath(path));
        if (Environment.GetEnvironmentVariable(NoteVariable) is { Length: > 0 } note)
            AtomicFile.WriteText(note, run.Path);
        return run;
    }

    /// <summary>
    /// The runs in a folder that have begun to write metrics, oldest first; none where there is no such folder.
    /// </summary>
    public static IReadOnlyList<RunDirectory> All(string root) => !Directory.Exists(root) ? []
        : [.. Directory.GetDirectories(root).Order(StringComparer.Ordinal).Select(d => new RunDirectory(d))
        .Where(r => File.Exists(System.IO.Path.Combine(r.Path, "config.json")) && File.Exists(r.Metrics))];

    /// <summary>
    /// A run by its folder, by its folder's name below <paramref name="root"/>, the newest of a <c>--name</c>, or the
    /// <c>latest</c>, also of another folder: <c>runs/latest</c>. Nothing is made.
    /// </summary>
    /// <exception cref="UsageException">There is no such run; the message names the newest ones.</exception>
    public static RunDirectory Find(string root, string run)
    {
        var named = System.IO.Path.Combine(root, run);
        if (IsRun(run)) return new(System.IO.Path.GetFullPath(run));
        if (run.Length > 0 && IsRun(named)) return new(System.IO.Path.GetFullPath(named));
        if (System.IO.Path.GetFileName(run) == Latest && System.IO.Path.GetDirectoryName(run) is { Length: > 0 } folder)
            return Find(folder, Latest);
        var all = All(root);
        if ((run == Latest ? all.LastOrDefault() : all.LastOrDefault(r => r.Name == run)) is { } found) return found;
        throw new UsageException($"there is no run '{run}' in {root}: " + (all.Count == 0 ? "it holds none"
            : $"the newest are {string.Join(", ", all.Reverse().Take(3).Select(r => r.Id))}"));
    }

    private static bool IsRun(string path) => File.Exists(System.IO.Path.Combine(path, "config.json"));

    /// <summary>
    /// The newest run of just this name that did not finish, or null. One that has written a checkpoint goes before
    /// newer ones that have not.
    /// </summary>
    /// <exception cref="UsageException">The name is none for a folder.</exception>
    public static RunDirectory? NewestUnfinished(string root, string name)
    {
        RequireName(name);
        if (!Directory.Exists(root)) return null;
        var open = Directory.GetDirectories(root).Where(d => NameOf(System.IO.Path.GetFileName(d)) == name)
            .Order(StringComparer.Ordinal).Reverse().Select(d => new RunDirectory(d)).Where(r => !r.IsFinished)
            .ToList();
        return open.FirstOrDefault(r
            => Directory.Exists(r.Checkpoints) && Directory.GetFiles(r.Checkpoints, "step-*").Length > 0)
            ?? open.FirstOrDefault();
    }

    /// <summary>Writes what the run was asked to do.</summary>
    public void WriteConfig(object config)
        => AtomicFile.WriteText(System.IO.Path.Combine(Path, "config.json"),
        JsonSerializer.Serialize(config, RunLog.Json));

    /// <summary>Marks the run as finished.</summary>
    public void Finish()
        => AtomicFile.WriteText(System.IO.Path.Combine(Path, "finished"), DateTime.Now.ToString("O") + "\n");

    // The name in yyyyMMdd-HHmmss[.NN]-name, or null.
    private static string? NameOf(string id)
    {
        if (TimeOf(id) is null) return null;
        var dash = id[Time.Length] == '.' ? id.IndexOf('-', Time.Length) : Time.Length;
        return dash < 0 || id[dash] != '-' ? null : id[(dash + 1)..];
    }

    private static DateTime? TimeOf(string id)
        => id.Length > Time.Length && DateTime.TryParseExact(id[..Time.Length], Time, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;

    /// <summary>What the process that trains in it has written of itself, or null.</summary>
    internal string? OwnerText
    {
        get
        {
            try { return File.ReadAllText(OwnerFile).Trim(); }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return null; }
        }
    }

    internal string OwnerFile => System.IO.Path.Combine(Path, "owner");

    /// <summary>False for a process of this machine that has ended.</summary>
    internal static bool MayLive(string owner)
        => owner.Split(' ') is not ["process", var id, "on", var machine, ..] || machine != Environment.MachineName
        || Directory.Exists($"/proc/{id}");

    /// <exception cref="UsageException">The name is none for a folder.</exception>
    internal static void RequireName(string name)
    {
        if (Encoding.UTF8.GetByteCount(name) is 0 or > 200 || name.Trim() != name || name.Any(c => c is '/' or '\\' || char.IsControl(c)))
            throw new UsageException($"--name is part of a folder's name: up to 200 letters (bytes of UTF-8) without / and \\, got '{name}'");
    }

    // Only one process makes a file.
    private static bool Claim(string path)
    {
        try { new FileStream(path, FileMode.CreateNew).Dispose(); }
        catch (IOException e) when (e.HResult == Exists) { return false; }
        return true;
    }
}
