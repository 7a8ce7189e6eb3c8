using System.Diagnostics;
using System.Runtime.InteropServices;
using Interactive.Kernel.Directives;

namespace Interactive.Kernel.Hosting;

/// <summary>
/// A launcher of ranks that runs in this one's place. Asked to end, this process asks the ranks; they have half a
/// minute (a step and a checkpoint), then all are killed. The launcher is in a session of its own: what it makes of a
/// signal differs from MPI to MPI, and each kills ranks that still save.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    private static readonly TimeSpan grace = TimeSpan.FromSeconds(30);

    private readonly JobProcesses job;
    private readonly Process process;
    private Timer? escalation;
    private readonly PosixSignalRegistration interrupt, terminate;
    private int stopCode;

    public ChildProcess(ProcessStartInfo start, JobProcesses job)
    {
        this.job = job;
        job.AddTo(start);
        interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, Interrupt));
        terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, Terminate));
        process = Process.Start(InOwnSession(start))!;
    }

    private static ProcessStartInfo InOwnSession(ProcessStartInfo start)
    {
        start.ArgumentList.Insert(0, start.FileName);
        start.FileName = "setsid"; // of util-linux; becomes the launcher
        return start;
    }

    private void Stop(PosixSignalContext context, int signal)
    {
        IsStopped = context.Cancel = true;
        stopCode = 128 + signal;
        if (!job.Signal(signal)) Signal(signal);
        escalation ??= new Timer(_ => KillAll(), null, grace, Timeout.InfiniteTimeSpan);
    }

    /// <summary>True when the user asked this process to end.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>The exit code, 128 + the signal for one that was killed.</summary>
    public int ExitCode => process.ExitCode;

    /// <summary>
    /// Runs a program to its end. One that was stopped has the exit code of the signal: launchers have others.
    /// </summary>
    public static int Run(ProcessStartInfo start)
    {
        var job = new JobProcesses();
        using var child = new ChildProcess(start, job);
        child.process.WaitForExit();
        if (child.IsStopped) job.KillLeft(grace); // a launcher may end at once, before the ranks have saved
        return child.ExitCode != 0 && child.stopCode != 0 ? child.stopCode : child.ExitCode;
    }

    /// <summary>True when it has ended within the time.</summary>
    public bool WaitForExit(TimeSpan time) => process.WaitForExit(time);

    /// <summary>Asks it to save and end, as its user would; it has as long as then.</summary>
    public void Ask()
    {
        if (!job.Signal(Terminate)) Signal(Terminate);
        escalation ??= new Timer(_ => KillAll(), null, grace, Timeout.InfiniteTimeSpan);
    }

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

    private const int Interrupt = 2, Terminate = 15, KillNow = 9;
    [DllImport("libc")] private static extern int kill(int process, int signal);
}
