using System.Diagnostics;
using System.Runtime.InteropServices;
using Interactive.Kernel.Directives;

namespace Interactive.Kernel.Hosting;

/// <summary>
/// A program that runs in this one's place: same terminal, and signals that reach it. Asked to end, it has ten seconds; then
/// it is killed, with all that it has started.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    private static readonly TimeSpan grace = TimeSpan.FromSeconds(10);

    private readonly Process process;
    private Timer? escalation;
    private readonly PosixSignalRegistration interrupt, terminate;

    public ChildProcess(ProcessStartInfo start)
    {
        // Ctrl-C reaches the whole foreground group by itself; this process only must not die before the child.
        interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => IsStopped = signal.Cancel = true);
        terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            IsStopped = signal.Cancel = true;
            Signal(Terminate);
            escalation ??= new Timer(_ => KillAll(), null, grace, Timeout.InfiniteTimeSpan);
        });
        process = Process.Start(start)!;
    }

    /// <summary>True when the user asked this process to end.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>The exit code, 128 + the signal for one that was killed.</summary>
    public int ExitCode => process.ExitCode;

    /// <summary>Runs a program to its end.</summary>
    public static int Run(ProcessStartInfo start)
    {
        var job = new JobProcesses();
        job.AddTo(start);
        using var child = new ChildProcess(start);
        child.process.WaitForExit();
        if (child.IsStopped) job.KillLeft(); // ranks that did not listen
        return child.ExitCode;
    }

    /// <summary>True when it has ended within the time.</summary>
    public bool WaitForExit(TimeSpan time) => process.WaitForExit(time);

    /// <summary>Ends it at once.</summary>
    public void Kill()
    {
        Signal(KillNow);
        process.WaitForExit();
    }

    private void KillAll()
    {
        Console.Error.WriteLine($"interactive: the job did not end within {grace.TotalSeconds:0} s of being asked: killed");
        if (!process.HasExited) process.Kill(entireProcessTree: true);
    }

    public void Dispose()
    {
        escalation?.Dispose();
        interrupt.Dispose();
        terminate.Dispose();
        process.Dispose();
    }

    private void Signal(int signal)
    {
        if (!process.HasExited) kill(process.Id, signal);
    }

    private const int Terminate = 15, KillNow = 9;
    [DllImport("libc")] private static extern int kill(int process, int signal);
}
