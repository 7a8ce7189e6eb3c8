using System.Diagnostics;
using System.Runtime.InteropServices;
using Interactive.Collectives;
using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>
/// Listens for what ends a run from outside: Ctrl-C, SIGTERM and a token. The first signal waits for the step to end;
/// the same one again, more than a second later, takes the process down at once.
/// </summary>
internal sealed class StopRequests : IDisposable
{
    private readonly CancellationToken token;
    private readonly PosixSignalRegistration[] signals;
    private static readonly TimeSpan again = TimeSpan.FromSeconds(1);
    private int kind;

    public StopRequests(CancellationToken token)
    {
        this.token = token;
        signals = [Listen(PosixSignal.SIGINT, StopKind.Interrupted), Listen(PosixSignal.SIGTERM, StopKind.Terminated)];
    }

    /// <summary>The gravest request so far.</summary>
    public StopKind Kind
        => Volatile.Read(ref kind) is not 0 and var asked ? (StopKind)asked
        : token.IsCancellationRequested ? StopKind.Cancelled : StopKind.None;

    private PosixSignalRegistration Listen(PosixSignal signal, StopKind asks)
    {
        var first = 0L;
        return PosixSignalRegistration.Create(signal, context =>
        {
            // One wish arrives several times: by the process group, and passed on by launchers.
            var before = Interlocked.CompareExchange(ref first, Stopwatch.GetTimestamp(), 0);
            context.Cancel = before == 0 || Stopwatch.GetElapsedTime(before) < again;
            // Launchers answer Ctrl-C with SIGTERM to their ranks: the user's own wish counts.
            Interlocked.CompareExchange(ref kind, (int)asks, 0);
        });
    }

    /// <summary>Says on rank 0 how a run that all ranks have saved goes on, and what ends it here.</summary>
    /// <param name="kind">Why.</param>
    /// <param name="at">The last step.</param>
    /// <param name="run">Its directory.</param>
    /// <param name="speaks">Whether this is rank 0.</param>
    /// <param name="token">The caller's.</param>
    public static TrainingStoppedException Stopped(StopKind kind, string at, RunDirectory run, bool speaks,
        CancellationToken token)
    {
        var (name, exitCode) = kind switch
        {
            StopKind.Terminated => ("SIGTERM", 128 + 15),
            StopKind.Interrupted => ("Ctrl-C", 128 + 2),
            _ => ("cancellation", 128 + 2),
        };
        var line = $"stopped by {name} after {at}; {run.Id} is saved: --resume goes on from there";
        if (speaks) Console.Error.WriteLine(line);
        World.EndTogether(exitCode);
        return new TrainingStoppedException(line, exitCode, token);
    }

    public void Dispose()
    {
        foreach (var signal in signals) signal.Dispose();
    }
}
