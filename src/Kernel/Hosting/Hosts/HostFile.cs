using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Interactive.Kernel.Directives;
using Interactive.Monitoring;

namespace Interactive.Kernel.Hosting.Hosts;

/// <summary>
/// The hosts of a cluster without a scheduler, a line each: <c>NAME</c>, <c>NAME:RANKS</c> or <c>NAME slots=RANKS</c>; # begins a
/// remark. Each MPI reads one of these forms alone: its launcher is handed a copy in its own.
/// </summary>
internal sealed partial class HostFile : IDisposable
{
    private readonly IReadOnlyList<(string Name, int Ranks)> hosts;
    private readonly string copy = Path.Combine(Path.GetTempPath(), $"interactive-hosts-{Guid.NewGuid():N}");

    private HostFile(IReadOnlyList<(string Name, int Ranks)> hosts) => this.hosts = hosts;

    /// <summary>Reads one.</summary>
    /// <exception cref="UsageException">It is not there, names no host, or has no place for so many ranks.</exception>
    public static HostFile Read(string path, int ranks)
    {
        if (!File.Exists(path)) throw new UsageException($"--hostfile {path} is not there");
        var hosts = Parse(File.ReadLines(path), path);
        var places = hosts.Sum(h => (long)h.Ranks);
        return places >= ranks ? new HostFile(hosts)
            : throw new UsageException($"--hostfile {path} has {places} places on {hosts.Count} hosts for {ranks} ranks: write NAME:RANKS");
    }

    internal static IReadOnlyList<(string Name, int Ranks)> Parse(IEnumerable<string> lines, string path)
    {
        var hosts = new List<(string Name, int Ranks)>();
        foreach (var line in lines.Select(l => l.Split('#')[0].Trim()).Where(l => l.Length > 0))
        {
            var form = Form().Match(line);
            var ranks = form.Groups["ranks"] is { Success: true } given ? int.TryParse(given.Value, CultureInfo.InvariantCulture, out var number) ? number : 0 : 1;
            if (!form.Success || ranks < 1) throw new UsageException($"--hostfile {path}: '{line}' is no host: write NAME, NAME:RANKS or NAME slots=RANKS");
            hosts.Add((form.Groups["name"].Value, ranks));
        }
        return hosts.Count > 0 ? hosts : throw new UsageException($"--hostfile {path} names no host");
    }

    /// <summary>Has a launcher's ranks spread over the hosts.</summary>
    public void AddTo(ProcessStartInfo start)
    {
        var isMpich = start.FileName.EndsWith("mpich", StringComparison.Ordinal);
        File.WriteAllLines(copy, hosts.Select(h => isMpich ? $"{h.Name}:{h.Ranks}" : $"{h.Name} slots={h.Ranks}"));
        if (Environment.GetEnvironmentVariable("OMP_NUM_THREADS") is null)
            start.Environment["OMP_NUM_THREADS"] = Math.Max(1, Environment.ProcessorCount / hosts.Max(h => h.Ranks)).ToString(CultureInfo.InvariantCulture);
        if (isMpich) Insert(start, ["-f", copy]); // it takes the whole environment along
        else
        {
            HandOn(start);
            Insert(start, ["--hostfile", copy]);
        }
    }

    /// <summary>Has Open MPI's launcher take our variables along to other hosts.</summary>
    public static void HandOn(ProcessStartInfo start) => Insert(start, [.. start.Environment.Keys.Where(IsOurs)
        .Union([.. JobProcesses.Variables, RunDirectory.NoteVariable]).Order(StringComparer.Ordinal).SelectMany(name => (string[])["-x", name])]);

    private static void Insert(ProcessStartInfo start, string[] words)
    {
        for (var i = 0; i < words.Length; i++) start.ArgumentList.Insert(i, words[i]);
    }

    private static bool IsOurs(string variable) => variable is "OMP_NUM_THREADS" or "TERM" || variable.StartsWith("INTERACTIVE_", StringComparison.Ordinal);

    /// <inheritdoc/>
    public void Dispose() => File.Delete(copy);

    [GeneratedRegex(@"^(?<name>[A-Za-z0-9][A-Za-z0-9_.\-]*)(\s*:\s*(?<ranks>\d+)|\s+slots\s*=\s*(?<ranks>\d+))?$")]
    private static partial Regex Form();
}
