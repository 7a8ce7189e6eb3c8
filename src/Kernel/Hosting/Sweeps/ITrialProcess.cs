namespace Interactive.Kernel.Hosting.Sweeps;

/// <summary>A trial that trains: a process of this machine, or a job of a cluster.</summary>
internal interface ITrialProcess : IDisposable
{
    /// <summary>True when it has ended within the time, or this program was told to end.</summary>
    bool WaitForExit(TimeSpan time);

    /// <summary>Asks it to save and end.</summary>
    void Ask();

    /// <summary>True when the user asked this program to end.</summary>
    bool IsInterrupted { get; }

    /// <summary>The exit code once it has ended, 128 + the signal for one that was killed.</summary>
    int ExitCode { get; }
}
