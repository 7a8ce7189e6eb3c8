using System.Globalization;
using System.Text.RegularExpressions;

namespace Interactive.Kernel.Hosting.Nodes;

/// <summary>What the kernel has said about broken hardware since it was started.</summary>
internal static partial class KernelLogCheck
{
    private const double Hour = 3600;

    // What NVIDIA's list calls hardware, driver or link; the others are mostly a program's own.
    private static readonly int[] gpuIsBroken = [48, 62, 64, 74, 79, 92, 94, 95, 119, 120];

    public static IEnumerable<Finding> Run(Node node)
    {
        var uptime = double.TryParse(node.Text("proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture, out var s) ? s : 0;
        return node.KernelLog.Select(line => Judge(line.Trim(), uptime)).OfType<Finding>()
            .DistinctBy(f => (f.Fitness, Kind(f.Text)));
    }

    private static Finding? Judge(string line, double uptime)
    {
        Finding Say(Fitness fitness) => new("kernel-log", fitness, line.ReplaceLineEndings(" "));
        if (Xid().Match(line) is { Success: true } xid)
            return gpuIsBroken.Contains(int.Parse(xid.Groups[1].Value, CultureInfo.InvariantCulture)) ? Say(Fitness.Unfit) : null;
        if (Fatal().IsMatch(line)) return Say(Fitness.Unfit);
        if (line.Contains("[Hardware Error]")) return Say(Fitness.Doubtful);
        if (Stuck().IsMatch(line)) return Say(Fitness.Doubtful);
        // A job that passes its own limit is that job's affair ("Memory cgroup out of memory").
        return line.Contains("Out of memory: Kill") && uptime - Seconds(line) < Hour ? Say(Fitness.Doubtful) : null;
    }

    private static double Seconds(string line)
        => double.TryParse(Time().Match(line).Groups[1].Value, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;

    // One line of each kind: a broken disk writes thousands.
    private static string Kind(string text) => Number().Replace(Time().Replace(text, ""), "#");

    [GeneratedRegex(@"^\[\s*([0-9.]+)\]\s*")]
    private static partial Regex Time();

    [GeneratedRegex("[0-9a-f]*[0-9][0-9a-f]*")]
    private static partial Regex Number();

    [GeneratedRegex(@"NVRM: Xid \([^)]*\): ([0-9]+)")]
    private static partial Regex Xid();

    [GeneratedRegex(@"severity: (fatal|recoverable)|\[Hardware Error\]: Machine check|Uncorrected error|I/O error|(EXT4|BTRFS)[- ](fs )?error|XFS .*[Cc]orruption|Remounting filesystem read-only")]
    private static partial Regex Fatal();

    [GeneratedRegex("blocked for more than [0-9]+ seconds|soft lockup|rcu.*detected stalls")]
    private static partial Regex Stuck();
}
