namespace Interactive.Training;

/// <summary>What shows the progress of runs to people; a host with a page of its own puts its hook here.</summary>
public static class ProgressDisplay
{
    private static Func<Hook> create = Console;

    /// <summary>Makes the hook for a run, on rank 0; default <see cref="Console"/>.</summary>
    public static Func<Hook> Create
    {
        get => Volatile.Read(ref create);
        set => Volatile.Write(ref create, value);
    }

    /// <summary>A bar that redraws itself on a terminal, a line every few seconds elsewhere.</summary>
    public static Hook Console()
        => new ProgressHook(System.Console.Out,
        !System.Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not ("dumb" or null));
}
