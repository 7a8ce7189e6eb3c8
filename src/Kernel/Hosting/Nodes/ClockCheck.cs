using System.Runtime.InteropServices;

namespace Interactive.Kernel.Hosting.Nodes;

/// <summary>Whether something keeps the node's clock right: logs and times of files of many nodes are put side by side.</summary>
internal static class ClockCheck
{
    private const int NotSynchronised = 5, Room = 256; // what adjtimex returns then; more than its structure takes

    public static IEnumerable<Finding> Run(Node node)
    {
        if (node.IsThis && adjtimex(new byte[Room]) == NotSynchronised)
            yield return new("clock", Fitness.Doubtful, "nothing keeps the clock right (chrony, ntpd, systemd-timesyncd)");
    }

    [DllImport("libc")] private static extern int adjtimex(byte[] nothingToChange);
}
