using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Interactive.Kernel.Hosting;

/// <summary>Runs a program in this one's place: same terminal, its exit code, and signals that reach it.</summary>
internal static class ChildProcess
{
    public static int Run(ProcessStartInfo start)
    {
        Process? child = null;
        // Ctrl-C reaches the whole foreground group by itself; this process only must not die before the child.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            if (child is { HasExited: false }) kill(child.Id, Terminate);
        });
        using (child = Process.Start(start)!)
        {
            child.WaitForExit();
            return child.ExitCode;
        }
    }

    private const int Terminate = 15;
    [DllImport("libc")] private static extern int kill(int process, int signal);
}
