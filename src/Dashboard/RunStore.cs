using Interactive.Extensions.Runs;
using Interactive.Monitoring;

namespace Interactive.Dashboard;

/// <summary>The runs of a folder, as far as they have been looked at. What has not changed is not read again.</summary>
internal sealed class RunStore(string folder)
{
    // 40 million values are 320 MB; beyond that, runs that nobody has looked at for longest are forgotten.
    private const long MostPoints = 40_000_000;

    private readonly Lock door = new();
    private readonly Dictionary<string, (DateTime Written, long Length, string State, RunRow Row)> rows = [];
    private readonly Dictionary<string, (RunCurves Curves, long Used)> read = [];
    private long clock;

    /// <summary>The folder.</summary>
    public string Folder => folder;

    /// <summary>All runs, newest first.</summary>
    public IEnumerable<RunDirectory> All => RunDirectory.All(folder).Reverse();

    /// <summary>The rows of runs; damaged ones are left out and told of.</summary>
    public IReadOnlyList<RunRow> Rows(List<string> damaged, IEnumerable<RunDirectory> runs)
    {
        var all = new List<RunRow>();
        foreach (var run in runs)
            try { all.Add(Row(run)); }
            catch (Exception e) when (e is UsageException or IOException
                or UnauthorizedAccessException)
            { damaged.Add(e.Message); }
        return all;
    }

    /// <summary>A run by its folder's name, or null. A name that leads elsewhere is none.</summary>
    public RunDirectory? Find(string? id)
    {
        if (string.IsNullOrEmpty(id) || id is "." or ".." || id.AsSpan().IndexOfAny('/', '\\', '\0') >= 0) return null;
        try
        {
            return RunDirectory.Find(folder, Path.Combine(folder, id)) is { } run && File.Exists(run.Metrics) ? run
            : null;
        }
        catch (UsageException) { return null; }
    }

    /// <summary>Its row, read again where its files have changed.</summary>
    public RunRow Row(RunDirectory run)
    {
        var (file, state) = (new FileInfo(run.Metrics), RunRow.StateOf(run));
        lock (door)
            if (rows.TryGetValue(run.Id, out var known) && known.Written == file.LastWriteTimeUtc
                && known.Length == file.Length && known.State == state) return known.Row;
        var row = RunRow.Read(run);
        lock (door) rows[run.Id] = (file.LastWriteTimeUtc, file.Length, state, row);
        return row;
    }

    /// <summary>Reads what is new of several runs at once; one that cannot be read says so when it is asked.</summary>
    public void Read(IReadOnlyList<RunDirectory> runs) => Parallel.ForEach(runs, run =>
    {
        try { Ask(run, _ => 0); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { }
    });

    /// <summary>Asks a run's curves, which are up to date then.</summary>
    public T Ask<T>(RunDirectory run, Func<RunCurves, T> question)
    {
        RunCurves curves;
        lock (door)
        {
            curves = read.TryGetValue(run.Id, out var known) ? known.Curves : new(run.Metrics);
            read[run.Id] = (curves, ++clock);
        }
        T answer;
        lock (curves)
        {
            curves.Refresh();
            answer = question(curves);
        }
        lock (door)
            while (read.Count > 1 && read.Values.Sum(r => r.Curves.Points) > MostPoints)
                read.Remove(read.MinBy(r => r.Value.Used).Key);
        return answer;
    }
}
