using System.Diagnostics;
using System.Globalization;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Bench;

/// <summary>
/// A memory cgroup of the kernel's (v1 or v2) with a limit, in which processes are run: whoever needs more is killed,
/// and counted.
/// </summary>
internal sealed class MemoryGroup : IDisposable
{
    private const string V1 = "/sys/fs/cgroup/memory";
    private static readonly string[] v2 = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
    private readonly string folder;
    private readonly bool isV2;

    /// <summary>Makes one.</summary>
    /// <param name="limitBytes">All that its processes may hold together.</param>
    /// <param name="version">Of cgroups; default: whichever has the memory controller.</param>
    /// <exception cref="UsageException">None can be made; the message says why.</exception>
    public MemoryGroup(long limitBytes, int? version = null)
    {
        if (Missing(version) is { } why) throw new UsageException($"a memory cgroup cannot be made: {why}");
        isV2 = version is 2 || version is null && Missing(1) is not null;
        folder = $"{(isV2 ? Root2() : V1)}/interactive-{Guid.NewGuid():N}";
        Directory.CreateDirectory(folder);
        File.WriteAllText($"{folder}/{(isV2 ? "memory.max" : "memory.limit_in_bytes")}",
            limitBytes.ToString(CultureInfo.InvariantCulture));
        var swap = $"{folder}/{(isV2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes")}";
        if (File.Exists(swap)) File.WriteAllText(swap, isV2 ? "0" : limitBytes.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Why none can be made here, or null.</summary>
    /// <param name="version">1, 2, or null for either.</param>
    public static string? Missing(int? version)
    {
        if (!OperatingSystem.IsLinux()) return "they are Linux's";
        if (Environment.UserName != "root") return "only root makes them";
        if (version is null) return Missing(1) is { } first && Missing(2) is not null ? first : null;
        if (version == 1)
            return !File.Exists($"{V1}/memory.limit_in_bytes") ? $"there is no memory controller of cgroups v1 at {V1}"
            : IsWritable(V1) ? null : $"{V1} is read-only";
        return Root2() is not { } root ? "cgroups v2 are not mounted"
            : !File.ReadAllText($"{root}/cgroup.controllers").Split().Contains("memory")
            ? "the memory controller is not one of cgroups v2 here: v1 holds it"
            : !File.ReadAllText($"{root}/cgroup.subtree_control").Contains("memory")
            ? "the memory controller is not on in the root cgroup"
            : IsWritable(root) ? null : $"{root} is read-only";
    }

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

    /// <summary>How many processes the kernel has killed in it.</summary>
    public int Killed => File.ReadLines($"{folder}/{(isV2 ? "memory.events" : "memory.oom_control")}")
        .Where(l => l.StartsWith("oom_kill ", StringComparison.Ordinal))
        .Select(l => int.Parse(l["oom_kill ".Length..], CultureInfo.InvariantCulture)).Single();

    /// <summary>Starts <c>interactive</c> in it.</summary>
    /// <param name="cache">Its cache folder; null for this process's.</param>
    /// <param name="arguments">As on the command line.</param>
    public Process Start(string? cache, params IEnumerable<string> arguments)
    {
        var start = Enter(DotnetProgram.Path, [typeof(MemoryGroup).Assembly.Location, .. arguments]);
        if (cache is not null) start.Environment["XDG_CACHE_HOME"] = cache;
        return Process.Start(start)!;
    }

    /// <summary>How to start a program in it, with all its streams redirected.</summary>
    // the shell enters the group and becomes the program
    public ProcessStartInfo Enter(string program, params IEnumerable<string> arguments)
        => new("sh",
        ["-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\"", folder, program,
        .. arguments])
        { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };

    /// <summary>Waits for what was started.</summary>
    public static (int Exit, string Out, string Error) End(Process process)
    {
        using (process)
        {
            process.StandardInput.Close();
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output, error.Result);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(folder);
}
