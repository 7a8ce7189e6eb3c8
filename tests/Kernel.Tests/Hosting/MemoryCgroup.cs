using System.Diagnostics;
using System.Globalization;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>A memory cgroup of the kernel's (v1 or v2) with a limit, in which processes are run: whoever needs more is killed, and counted.</summary>
internal sealed class MemoryCgroup : IDisposable
{
    private const string V1 = "/sys/fs/cgroup/memory", V2 = "/sys/fs/cgroup";
    private readonly string folder;
    private readonly bool isV2;

    /// <summary>Makes one, or skips the test with a reason.</summary>
    public MemoryCgroup(long limitBytes)
    {
        Skip.If(Missing() is not null, Missing());
        isV2 = !File.Exists($"{V1}/memory.limit_in_bytes");
        folder = $"{(isV2 ? V2 : V1)}/interactive-test-{Guid.NewGuid():N}";
        Directory.CreateDirectory(folder);
        File.WriteAllText($"{folder}/{(isV2 ? "memory.max" : "memory.limit_in_bytes")}", limitBytes.ToString(CultureInfo.InvariantCulture));
        var swap = $"{folder}/{(isV2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes")}";
        if (File.Exists(swap)) File.WriteAllText(swap, isV2 ? "0" : limitBytes.ToString(CultureInfo.InvariantCulture));
    }

    private static string? Missing()
    {
        if (!OperatingSystem.IsLinux()) return "memory cgroups are Linux's";
        if (Environment.UserName != "root") return "only root makes memory cgroups";
        if (File.Exists($"{V1}/memory.limit_in_bytes")) return IsWritable(V1) ? null : $"{V1} is read-only";
        if (!File.Exists($"{V2}/cgroup.subtree_control")) return "there is no memory cgroup file system";
        return !File.ReadAllText($"{V2}/cgroup.subtree_control").Contains("memory") ? "the memory controller is not on in the root cgroup" : IsWritable(V2) ? null : $"{V2} is read-only";
    }

    private static bool IsWritable(string root)
    {
        var trial = $"{root}/interactive-test-{Guid.NewGuid():N}";
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
        .Where(l => l.StartsWith("oom_kill ", StringComparison.Ordinal)).Select(l => int.Parse(l["oom_kill ".Length..], CultureInfo.InvariantCulture)).Single();

    /// <summary>Runs <c>interactive</c> in it.</summary>
    /// <param name="cache">Its cache folder, so that no profile is there beforehand.</param>
    /// <param name="arguments">As on the command line.</param>
    public (int Exit, string Out, string Error) Run(string cache, params string[] arguments)
    {
        // The shell enters the group and becomes the program.
        var start = new ProcessStartInfo("sh", ["-c", "echo $$ > \"$0/cgroup.procs\"; exec dotnet \"$@\"", folder, typeof(ScriptSession).Assembly.Location, .. arguments])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["XDG_CACHE_HOME"] = cache;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(folder);
}
