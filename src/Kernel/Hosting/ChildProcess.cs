using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Interactive.Kernel.Hosting;

/// <summary>A program that runs in this one's place: same terminal, and signals that reach it.</summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process process;
    private readonly PosixSignalRegistration interrupt, terminate;

    public ChildProcess(ProcessStartInfo start)
    {
        // Ctrl-C reaches the whole foreground group by itself; this process only must not die before the child.
        interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => IsStopped = signal.Cancel = true);
        terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            IsStopped = signal.Cancel = true;
            Signal(Terminate);
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
        using var child = new ChildProcess(start);
        child.process.WaitForExit();
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

    public void Dispose()
    {
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
