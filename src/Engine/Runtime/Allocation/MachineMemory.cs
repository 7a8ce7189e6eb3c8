using System.Globalization;

namespace Interactive.Runtime;

/// <summary>What memory there is for this process, and how much of it the process holds, as Linux tells.</summary>
public static class MachineMemory
{
    /// <summary>
    /// The most bytes that this process may ever hold: the machine's memory, or the least limit of the memory cgroups
    /// it is in (v1 or v2).
    /// </summary>
    public static long LimitBytes
        => Math.Min(Field("/proc/meminfo", "MemTotal:") ?? long.MaxValue,
        CgroupLimits().DefaultIfEmpty(long.MaxValue).Min());

    /// <summary>
    /// Bytes that this process may hold now, its own included: what others leave of the machine, within
    /// <see cref="LimitBytes"/>.
    /// </summary>
    public static long AvailableBytes
        => Math.Min(LimitBytes, (Field("/proc/meminfo", "MemAvailable:") ?? long.MaxValue / 2) + ResidentBytes);

    /// <summary>
    /// Bytes that each of some processes of this machine, this one among them, may hold now if they share what there
    /// is.
    /// </summary>
    public static long ShareOf(int processes)
        => Math.Min(LimitBytes / processes, (AvailableBytes - ResidentBytes) / processes + ResidentBytes);

    /// <summary>Bytes of memory that this process holds.</summary>
    public static long ResidentBytes => Field("/proc/self/status", "VmRSS:") ?? Environment.WorkingSet;

    /// <summary>The most bytes of memory that this process has held.</summary>
    public static long PeakResidentBytes => Field("/proc/self/status", "VmHWM:") ?? ResidentBytes;

    private static long? Field(string file, string name)
    {
        try
        {
            var line = File.ReadLines(file).FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal));
            return line is null ? null
                : 1024 * long.Parse(line[name.Length..].Replace("kB", "").Trim(), CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return null; }
    }

    private static IEnumerable<long> CgroupLimits()
    {
        string[] lines;
        try { lines = File.ReadAllLines("/proc/self/cgroup"); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { yield break; }
        foreach (var line in lines) // number:controllers:path
        {
            var parts = line.Split(':', 3);
            if (parts.Length < 3) continue;
            var (root, file) = parts[1] == "" ? ("/sys/fs/cgroup", "memory.max")
                : parts[1].Split(',').Contains("memory") ? ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
                : ("", "");
            // From the process's own group up to the root; in a container the path may be the host's, and the root is
            // its own.
            for (var path = parts[2]; root != ""; path = Path.GetDirectoryName(path) ?? "")
            {
                if (Limit($"{root}{path.TrimEnd('/')}/{file}") is { } bytes) yield return bytes;
                if (path is "" or "/") break;
            }
        }
    }

    private static long? Limit(string file)
    {
        // "max", or as much as v1 can say
        try
        {
            return long.TryParse(File.ReadAllText(file), NumberStyles.Integer, CultureInfo.InvariantCulture,
            out var bytes) && bytes < 1L << 60 ? bytes : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return null; }
    }
}
