using System.Diagnostics;
using Interactive.Kernel.Directives;
using Interactive.Monitoring;

namespace Interactive.Kernel.Hosting.Sweeps;

/// <summary>A trial on this machine.</summary>
internal sealed class LocalTrial : ITrialProcess
{
    private static readonly TimeSpan glance = TimeSpan.FromMilliseconds(300);

    private readonly ChildProcess child;

    /// <param name="start">The program.</param>
    /// <param name="runs">Where its run is, or will be.</param>
    /// <param name="name">Of the run.</param>
    public LocalTrial(ProcessStartInfo start, string runs, string name)
    {
        // The process of a sweep that was killed ends itself, within a moment: its trial is gone on with.
        while (RunDirectory.NewestUnfinished(runs, name) is { IsLive: true }) Thread.Sleep(glance);
        child = new ChildProcess(start, new JobProcesses());
    }

    public bool WaitForExit(TimeSpan time) => child.WaitForExit(time);
    public void Ask() => child.Ask();
    public bool IsInterrupted => child.IsStopped;
    public int ExitCode => child.ExitCode;
    public void Dispose() => child.Dispose();
}
