namespace Interactive.Kernel.Hosting.Nodes;

/// <summary>Ranks whose job is gone: they end themselves unless they hang, and then hold memory and a GPU.</summary>
internal static class OrphanCheck
{
    private const string Starter = "INTERACTIVE_STARTER=";
    private const int StartTime = 19; // of /proc/N/stat, counted from the state

    public static IEnumerable<Finding> Run(Node node)
    {
        var host = node.IsThis ? Environment.MachineName : node.Text("proc/sys/kernel/hostname");
        foreach (var process in node.Processes)
        {
            var starter = node.Text($"proc/{process}/environ").Split('\0')
                .FirstOrDefault(v => v.StartsWith(Starter, StringComparison.Ordinal));
            if (starter?[Starter.Length..].Split('/') is [var machine, var id, var started] && machine == host
                && Started(node, process) is not null && Started(node, id) != started)
                yield return new("orphans", Fitness.Doubtful, $"process {process} is left of a job whose starter {id} has ended");
        }
    }

    // Null for one that is gone, or a zombie.
    private static string? Started(Node node, string process)
    {
        var stat = node.Text($"proc/{process}/stat");
        return stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is { Length: > StartTime } fields
            && fields[0] is not ("Z" or "X") ? fields[StartTime] : null;
    }
}
