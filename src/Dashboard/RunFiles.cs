using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Interactive.Extensions.Plots;
using Interactive.Memory;
using Interactive.Monitoring;

namespace Interactive.Dashboard;

/// <summary>
/// What lies in a run's folder besides its numbers. A link is not followed: a folder that came from elsewhere could show any
/// file of this machine by one.
/// </summary>
internal static partial class RunFiles
{
    private const int MostOfLog = 64 << 10, MostOfPlan = 16 << 20;

    /// <summary>A file of a run's folder, or null where it has none or a link in its place.</summary>
    public static FileInfo? Find(RunDirectory run, string name) => Plain(Path.Combine(run.Path, name));

    /// <summary>The logs of a run, each from its end: its own, and those of the Slurm jobs that it ran in, which lie beside it.</summary>
    public static IEnumerable<(string Name, FileInfo File)> Logs(RunDirectory run, IEnumerable<RunEvent> events)
    {
        if (Find(run, RunText.File) is { } own) yield return (RunText.File, own);
        foreach (var job in events.Where(e => e.Kind == "start").Select(e => Job().Match(e.Detail).Groups[1].Value).Where(id => id.Length > 0).Distinct())
            if (Plain(Path.Combine(Path.GetDirectoryName(run.Path)!, $"slurm-{job}.out")) is { } file) yield return (file.Name, file);
    }

    /// <summary>The end of a text, from the beginning of a line on, and the bytes before it.</summary>
    public static (string Text, long Before) End(FileInfo file)
    {
        using var stream = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var from = Math.Max(0, stream.Length - MostOfLog);
        stream.Seek(from, SeekOrigin.Begin);
        var bytes = new byte[MostOfLog];
        bytes = bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        if (from > 0 && Array.IndexOf(bytes, (byte)'\n') is >= 0 and var line) (bytes, from) = (bytes[(line + 1)..], from + line + 1);
        return (Encoding.UTF8.GetString(bytes), from);
    }

    /// <summary>The plan that a run was made with, as its file has it; null for none.</summary>
    public static PlanSheet? Plan(RunDirectory run)
    {
        if (Find(run, PlanSheet.File) is not { } file || file.Length > MostOfPlan) return null;
        try
        {
            return JsonSerializer.Deserialize<PlanSheet>(File.ReadAllBytes(file.FullName), JsonSerializerOptions.Web) is { Planner: not null, Steps: not null, Peaks: not null, KeepAll: not null } plan
                && plan.Steps.Count == plan.Peaks.Count ? plan : null;
        }
        catch (JsonException) { return null; }
    }

    /// <summary>Whether it was traced.</summary>
    public static bool HasTrace(RunDirectory run) => TimelineFigures.Exist(run.Path) && !Directory.GetFiles(run.Path, "trace-rank*.json").Any(f => Plain(f) is null);

    /// <summary>A page with what each rank did in a few of its steps.</summary>
    /// <exception cref="UsageException">It was not traced.</exception>
    public static string TracePage(RunDirectory run) => FigureFile.Page([TimelineFigures.Communication(run.Path)]);

    private static FileInfo? Plain(string path) => new FileInfo(path) is { Exists: true, LinkTarget: null } file ? file : null;

    [GeneratedRegex("Slurm job ([0-9]+)$")]
    private static partial Regex Job();
}
