using System.ComponentModel;
using System.Diagnostics;

namespace Interactive.Kernel.Hosting.Nodes;

/// <summary>Runs a program that may never come back: one that waits for a disk cannot even be killed.</summary>
internal static class NodeTool
{
    /// <returns>What it wrote on stdout; null where it is not here or has failed.</returns>
    /// <exception cref="TimeoutException">It has not ended within the time.</exception>
    public static string? Run(TimeSpan time, string program, params IEnumerable<string> arguments)
    {
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo(program, arguments)
            { RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (Win32Exception) { return null; }
        using (process)
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            if (Task.WaitAll([output, error], time) && process.WaitForExit(time))
                return process.ExitCode == 0 ? output.Result : null;
            process.Kill(); // and not waited for
            throw new TimeoutException($"{program} has not ended within {time.TotalSeconds:0} s");
        }
    }
}
