using System.Diagnostics;

namespace Interactive.Collectives;

/// <summary>
/// Ends the job when a collective operation makes no progress: the other ranks are asked what they do, one line tells
/// which of them is missing, and the last operations of each rank are written to a file.
/// </summary>
internal sealed class Watchdog
{
    const int MostWaiting = 2; // neighbours in a pipeline
    static readonly TimeSpan answerPatience = TimeSpan.FromSeconds(2), leaderPatience = TimeSpan.FromSeconds(6);
    readonly FlightRecorder recorder;
    readonly PeerWatch peers;
    readonly int rank;
    readonly TimeSpan timeout;
    readonly Action<string> end;
    int reported;

    /// <param name="recorder">What this rank does.</param>
    /// <param name="peers">The connection to the others; set once the watch stands.</param>
    /// <param name="rank">This rank.</param>
    /// <param name="timeout">Longest time an operation may take.</param>
    /// <param name="end">Ends the job with one line.</param>
    public Watchdog(FlightRecorder recorder, Func<Watchdog, PeerWatch> peers, int rank, TimeSpan timeout,
        Action<string> end)
    {
        (this.recorder, this.rank, this.timeout, this.end) = (recorder, rank, timeout, end);
        this.peers = peers(this);
        new Thread(Run) { IsBackground = true, Name = "watchdog" }.Start();
    }

    /// <summary>Another rank, or this one, has waited for too long.</summary>
    public void Stalled()
    {
        if (Interlocked.Exchange(ref reported, 1) != 0) return;
        var waiting = recorder.Pending is { } pending ? $"{pending} has not finished for {timeout.TotalSeconds:0} s"
            : $"another rank has waited for {timeout.TotalSeconds:0} s";
        var file = WriteRecord();
        if (rank == 0)
        {
            var states = peers.Ask(answerPatience);
            end($"{waiting}: {Blame(states)}; last operations in {file}");
        }
        else
        {
            peers.ReportStalled();
            // rank 0 ends the job before, unless it is the one that hangs
            Thread.Sleep(leaderPatience + TimeSpan.FromSeconds(rank));
            end($"{waiting}: rank 0 does not answer; last operations in {file}");
        }
    }

    void Run()
    {
        while (recorder.Pending is not { } pending || Stopwatch.GetElapsedTime(pending.Started) < timeout)
            Thread.Sleep(250);
        Stalled();
    }

    static string Blame(IReadOnlyList<(string Name, string? State)> states)
    {
        var silent = Enumerable.Range(0, states.Count).Where(rank => states[rank].State is null).ToList();
        if (silent.Count > 0)
        {
            // Rank 0's own wait is told already; in a pipeline another one's may lead further.
            var waiting = silent.SelectMany(rank => FlightRecorder.WaitingFor(rank, states.Skip(1))).Take(MostWaiting);
            return string.Join("; ", waiting.Prepend($"{string.Join(", ", silent.Select(rank => states[rank].Name))} does not answer"));
        }
        if (states.Where(state => !state.State!.StartsWith("is in")).ToList() is { Count: > 0 } absent)
            return string.Join(", ", absent.Select(state => $"{state.Name} {state.State}"));
        return string.Join(", ", states.Select(state => $"{state.Name} {state.State}"));
    }

    string WriteRecord()
    {
        // A name that nobody can foresee, and a file that must not be there: a link would lead the record elsewhere.
        var file = Path.Combine(Path.GetTempPath(),
            $"interactive-rank{rank}-{Environment.ProcessId}-{Guid.NewGuid():N}.log");
        try
        {
            var options =
                new FileStreamOptions
                {
                    Mode = FileMode.CreateNew,
                    Access = FileAccess.Write,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                };
            using var writer = new StreamWriter(file, options);
            foreach (var line in recorder.Lines) writer.WriteLine(line);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return $"nowhere ({e.Message})"; }
        return file;
    }
}
