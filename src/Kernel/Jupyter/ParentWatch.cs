namespace Interactive.Kernel.Jupyter;

/// <summary>Notices that the process which has started this one is gone.</summary>
internal static class ParentWatch
{
    private static readonly TimeSpan period = TimeSpan.FromMilliseconds(500);

    /// <summary>The process that a client names in <c>JPY_PARENT_PID</c>; null when it names none.</summary>
    public static int? Parent
        => int.TryParse(Environment.GetEnvironmentVariable("JPY_PARENT_PID"), out var id) && id > 1 ? id : null;

    /// <summary>Completes when a process has ended.</summary>
    public static async Task Ended(int process)
    {
        while (IsAlive(process)) await Task.Delay(period).ConfigureAwait(false);
    }

    // A process that nobody has waited for is still listed, as a zombie.
    private static bool IsAlive(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..][0] is not ('Z' or 'X');
        }
        catch (IOException) { return false; }
    }
}
