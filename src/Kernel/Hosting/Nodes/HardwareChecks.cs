using System.Globalization;
using System.Text.RegularExpressions;

namespace Interactive.Kernel.Hosting.Nodes;

/// <summary>Processors and memory: as many as there should be, and without errors.</summary>
internal static partial class HardwareChecks
{
    private const double Enough = 0.95; // the kernel keeps some memory to itself
    private const long ManyCorrected = 100;

    /// <summary>Memory that is missing: a module that has failed is left out at the next start.</summary>
    public static IEnumerable<Finding> Memory(Node node)
    {
        var line = node.Lines("proc/meminfo").FirstOrDefault(l => l.StartsWith("MemTotal:", StringComparison.Ordinal));
        if (node.Expected.MemoryBytes is { } expected && line is not null
            && long.Parse(Digits().Match(line).Value, CultureInfo.InvariantCulture) << 10 is var bytes
            && bytes < Enough * expected)
            yield return new("memory", Fitness.Unfit, $"{Gib(bytes)} of the {Gib(expected)} that are expected");
    }

    /// <summary>Cores that are missing or switched off.</summary>
    public static IEnumerable<Finding> Cores(Node node)
    {
        var (online, present) = (Count(node.Text("sys/devices/system/cpu/online")), Count(node.Text("sys/devices/system/cpu/present")));
        if (node.Expected.Cores is { } expected && online < expected)
            yield return new("cores", Fitness.Unfit, $"{online} of the {expected} that are expected");
        // Without hyper-threading half of them are off on purpose.
        else if (online < present && node.Text("sys/devices/system/cpu/smt/control") is not ("off" or "forceoff"))
            yield return new("cores", Fitness.Doubtful, $"{online} of {present} are on");
    }

    /// <summary>Errors of memory, as its controllers count them.</summary>
    public static IEnumerable<Finding> MemoryErrors(Node node)
    {
        const string root = "sys/devices/system/edac/mc";
        foreach (var controller in node.Names(root).Where(n => n.StartsWith("mc", StringComparison.Ordinal)))
        {
            if (node.Number($"{root}/{controller}/ue_count") is > 0 and var errors)
                yield return new("memory-errors", Fitness.Unfit, $"{errors} uncorrected on {controller} since the start");
            if (node.History.Growth($"{controller}.ce", node.Number($"{root}/{controller}/ce_count") ?? 0)
                is > ManyCorrected and var corrected)
                yield return new("memory-errors", Fitness.Doubtful, $"{corrected} corrected on {controller} since the last check");
        }
    }

    /// <summary>Cores that were slowed down because they were too hot.</summary>
    public static IEnumerable<Finding> Heat(Node node)
    {
        const string root = "sys/devices/system/cpu";
        var hot = node.Names(root).Where(n => Core().IsMatch(n)).Count(core => node.History.Growth($"{core}.throttle",
            node.Number($"{root}/{core}/thermal_throttle/core_throttle_count") ?? 0) > 0);
        if (hot > 0) yield return new("heat", Fitness.Doubtful, $"{hot} cores were slowed down since the last check");
    }

    // "0-3,8,10-11" has 7.
    private static int Count(string list)
        => list.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split('-')
            .Select(n => int.Parse(n, CultureInfo.InvariantCulture)).ToArray()).Sum(ends => ends[^1] - ends[0] + 1);

    private static string Gib(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 30):F1} GiB");

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Digits();

    [GeneratedRegex("^cpu[0-9]+$")]
    private static partial Regex Core();
}
