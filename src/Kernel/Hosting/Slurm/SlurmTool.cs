using System.ComponentModel;
using System.Diagnostics;

namespace Interactive.Kernel.Hosting.Slurm;

/// <summary>Runs Slurm's own programs: they are on every cluster, in its own version.</summary>
internal static class SlurmTool
{
    /// <summary>Runs one to its end.</summary>
    /// <param name="input">For its stdin.</param>
    /// <returns>What it wrote on stdout.</returns>
    /// <exception cref="UsageException">It is not here, or refuses; the message is its own.</exception>
    public static string Run(string program, IReadOnlyList<string> arguments, string? input = null)
    {
        var (exit, output, error) = Try(program, arguments, input);
        return exit == 0 ? output
            : throw new UsageException(error.Trim() is { Length: > 0 } said ? said.Split('\n')[0]
            : $"{program} ended with exit code {exit}");
    }

    /// <summary>The same where a refusal is an answer, too.</summary>
    public static (int Exit, string Out, string Error) Try(string program, IReadOnlyList<string> arguments,
        string? input = null)
    {
        var start = new ProcessStartInfo(program,
            arguments)
        { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync();
            try
            {
                if (input is not null) process.StandardInput.Write(input);
                process.StandardInput.Close();
            }
            catch (IOException) { } // it ended without reading: what it says tells why
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output, error.Result);
        }
        catch (Win32Exception)
        {
            throw new UsageException($"{program} is not here: Slurm's programs are on a cluster's login nodes (apt-get install slurm-client elsewhere)");
        }
    }
}
