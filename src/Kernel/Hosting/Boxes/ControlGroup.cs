using System.Diagnostics;
using System.Globalization;

namespace Interactive.Kernel.Hosting.Boxes;

/// <summary>
/// A control group of the kernel's (v1 or v2) that limits the memory and the cores of the processes in it: whoever
/// needs more memory is killed and counted, whoever needs more time waits.
/// </summary>
internal sealed class ControlGroup : IDisposable
{
    private const string Root = "/sys/fs/cgroup", Memory = "memory", Cpu = "cpu";
    private const int Period = 100_000; // microseconds
    private static readonly string[] v2 = [Root, $"{Root}/unified"];
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(5);

    private readonly bool isV2;
    private readonly Dictionary<string, string> folders = []; // by controller; v2 has one for all

    /// <summary>Makes one.</summary>
    /// <param name="memoryBytes">All that its processes may hold together; null for no limit.</param>
    /// <param name="cpus">Cores' worth of time; null for no limit.</param>
    /// <param name="version">Of cgroups; default: whichever has the controllers.</param>
    /// <param name="name">Of its own; default: a new one.</param>
    /// <exception cref="UsageException">None can be made; the message says why.</exception>
    public ControlGroup(long? memoryBytes, double? cpus, int? version = null, string? name = null)
    {
        string[] controllers = [.. memoryBytes is null ? [] : new[] { Memory }, .. cpus is null ? [] : new[] { Cpu }];
        if (controllers.Length == 0) return;
        if (Missing(version, controllers) is { } why) throw new UsageException($"a {string.Join(" and ", controllers)} cgroup cannot be made: {why}");
        isV2 = version is 2 || version is null && Missing(1, controllers) is not null;
        name ??= $"interactive-{Guid.NewGuid():N}";
        foreach (var controller in controllers)
            Directory.CreateDirectory(folders[controller] = $"{(isV2 ? Root2() : $"{Root}/{controller}")}/{name}");
        foreach (var (controller, file, text) in Limits(isV2, memoryBytes, cpus))
            if (file != Swap(isV2) || File.Exists($"{folders[controller]}/{file}")) File.WriteAllText($"{folders[controller]}/{file}", text);
    }

    /// <summary>What is written into which files, in their order. A kernel that does not count swap lacks that file.</summary>
    internal static IEnumerable<(string Controller, string File, string Text)> Limits(bool isV2, long? memoryBytes, double? cpus)
    {
        if (memoryBytes is { } bytes)
        {
            yield return (Memory, isV2 ? "memory.max" : "memory.limit_in_bytes", Text(bytes));
            yield return (Memory, Swap(isV2), isV2 ? "0" : Text(bytes)); // v1 counts both together
        }
        if (cpus is not { } cores) yield break;
        var quota = Text((long)Math.Round(cores * Period));
        if (isV2) yield return (Cpu, "cpu.max", $"{quota} {Text(Period)}");
        else
        {
            yield return (Cpu, "cpu.cfs_period_us", Text(Period));
            yield return (Cpu, "cpu.cfs_quota_us", quota);
        }
    }

    private static string Swap(bool isV2) => isV2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes";

    /// <summary>Why none can be made here, or null.</summary>
    /// <param name="version">1, 2, or null for either.</param>
    /// <param name="controllers">What it is to limit.</param>
    public static string? Missing(int? version, params IReadOnlyList<string> controllers)
    {
        if (!OperatingSystem.IsLinux()) return "they are Linux's";
        if (Environment.UserName != "root") return "only root makes them";
        if (version is null) return Missing(1, controllers) is { } first && Missing(2, controllers) is not null ? first : null;
        return controllers.Select(c => version == 1 ? Missing1(c) : Missing2(c)).FirstOrDefault(why => why is not null);
    }

    private static string? Missing1(string controller)
        => !File.Exists($"{Root}/{controller}/{(controller == Memory ? "memory.limit_in_bytes" : "cpu.cfs_quota_us")}")
        ? $"there is no {controller} controller of cgroups v1 at {Root}/{controller}"
        : IsWritable($"{Root}/{controller}") ? null : $"{Root}/{controller} is read-only";

    private static string? Missing2(string controller)
        => Root2() is not { } root ? "cgroups v2 are not mounted"
            : !File.ReadAllText($"{root}/cgroup.controllers").Split((char[]?)null).Contains(controller)
            ? $"the {controller} controller is not one of cgroups v2 here: v1 holds it"
            : !File.ReadAllText($"{root}/cgroup.subtree_control").Split((char[]?)null).Contains(controller)
            ? $"the {controller} controller is not on in the root cgroup"
            : IsWritable(root) ? null : $"{root} is read-only";

    private static string? Root2() => Array.Find(v2, root => File.Exists($"{root}/cgroup.controllers"));

    private static bool IsWritable(string root)
    {
        var trial = $"{root}/interactive-{Guid.NewGuid():N}";
        try
        {
            Directory.CreateDirectory(trial);
            Directory.Delete(trial);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return false; }
    }

    /// <summary>How many processes the kernel has killed in it for their memory.</summary>
    public int Killed => !folders.TryGetValue(Memory, out var folder) ? 0
        : File.ReadLines($"{folder}/{(isV2 ? "memory.events" : "memory.oom_control")}")
        .Where(l => l.StartsWith("oom_kill ", StringComparison.Ordinal))
        .Select(l => int.Parse(l["oom_kill ".Length..], CultureInfo.InvariantCulture)).Single();

    /// <summary>The most bytes that its processes have held together; null where the kernel does not say.</summary>
    public long? PeakBytes
        => folders.TryGetValue(Memory, out var folder)
        && $"{folder}/{(isV2 ? "memory.peak" : "memory.max_usage_in_bytes")}" is var file && File.Exists(file)
        ? long.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture) : null;

    /// <summary>How to start a program in it.</summary>
    // the shell enters the groups and becomes the program
    public ProcessStartInfo Enter(string program, params IEnumerable<string> arguments)
        => new("sh", ["-c", "until [ \"$1\" = -- ]; do echo $$ > \"$1/cgroup.procs\" || exit 125; shift; done; shift; exec \"$@\"",
            "enter", .. folders.Values.Distinct(), "--", program, .. arguments]);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Ends what runs in it.</summary>
    public void Kill()
    {
        foreach (var folder in folders.Values.Distinct()) Kill(folder);
    }

    private static void Kill(string folder)
    {
        foreach (var process in File.ReadLines($"{folder}/cgroup.procs").ToList()) Kill(int.Parse(process, CultureInfo.InvariantCulture));
    }

    /// <summary>Removes what a process that was killed has left under a name, and ends what is left in it.</summary>
    public static void Remove(string name)
        => Remove(((string[])[$"{Root}/{Memory}", $"{Root}/{Cpu}", .. v2]).Select(root => $"{root}/{name}"));

    /// <summary>Removes it, and ends what is left in it.</summary>
    public void Dispose() => Remove(folders.Values.Distinct());

    private static void Remove(IEnumerable<string> folders)
    {
        foreach (var folder in folders.Where(Directory.Exists))
            for (var waited = Stopwatch.StartNew(); ; Thread.Sleep(20))
                try
                {
                    Kill(folder);
                    Directory.Delete(folder);
                    break;
                }
                catch (IOException) when (waited.Elapsed < patience) { } // they have not ended yet
    }

    private static void Kill(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception) { } // gone
    }
}
