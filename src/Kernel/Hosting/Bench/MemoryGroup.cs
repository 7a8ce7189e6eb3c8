using System.Diagnostics;
using Interactive.Kernel.Hosting.Boxes;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Bench;

/// <summary>A memory limit under which this program, or another, is run to its end.</summary>
internal sealed class MemoryGroup : IDisposable
{
    private readonly ControlGroup group;

    /// <summary>Makes one.</summary>
    /// <param name="limitBytes">All that its processes may hold together.</param>
    /// <param name="version">Of cgroups; default: whichever has the memory controller.</param>
    /// <exception cref="UsageException">None can be made; the message says why.</exception>
    public MemoryGroup(long limitBytes, int? version = null) => group = new(limitBytes, null, version);

    /// <summary>Why none can be made here, or null.</summary>
    /// <param name="version">1, 2, or null for either.</param>
    public static string? Missing(int? version) => ControlGroup.Missing(version, "memory");

    /// <summary>How many processes the kernel has killed in it.</summary>
    public int Killed => group.Killed;

    /// <summary>Ends what runs in it.</summary>
    public void Kill() => group.Kill();

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
    public ProcessStartInfo Enter(string program, params IEnumerable<string> arguments)
    {
        var start = group.Enter(program, arguments);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        return start;
    }

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
    public void Dispose() => group.Dispose();
}
