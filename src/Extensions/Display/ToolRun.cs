using System.Diagnostics;
using System.Text.Json;

namespace Interactive.Extensions.Display;

/// <summary>
/// Runs a command of the program <c>interactive</c> for a notebook: what it measures must not share the notebook's
/// process.
/// </summary>
public static class ToolRun
{
    /// <summary>An environment variable: the program, where it is not <c>interactive</c> on the PATH.</summary>
    public const string ProgramVariable = "INTERACTIVE_PROGRAM";

    /// <summary>Runs the command with <c>--json</c> and returns the object on its last line.</summary>
    /// <param name="program">The program and its first arguments; default that of
    /// <see cref="ProgramVariable"/>.</param>
    /// <exception cref="UsageException">The command refused its arguments, or there is no such program; the message is
    /// its own.</exception>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static async Task<JsonElement> Json(IReadOnlyList<string> arguments, IReadOnlyList<string>? program = null,
        CancellationToken cancellationToken = default)
    {
        var (exit, output, error) = await Run([.. arguments, "--json"], program, _ => { }, cancellationToken);
        var line = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? "";
        // A plan that does not exist is an answer too.
        if (!line.StartsWith('{'))
        {
            var why = error.Trim().Split('\n')[^1];
            throw exit == 2 ? new UsageException(why.StartsWith("interactive: ") ? why["interactive: ".Length..] : why)
                : new InvalidOperationException($"interactive {string.Join(' ', arguments)} ended with exit code {exit}: {why}");
        }
        using var document = JsonDocument.Parse(line);
        return document.RootElement.Clone();
    }

    /// <summary>Runs the command and passes on each line of stdout as it comes.</summary>
    /// <exception cref="UsageException">There is no such program.</exception>
    public static async Task<(int Exit, string Output, string Error)> Run(IReadOnlyList<string> arguments,
        IReadOnlyList<string>? program, Action<string> line, CancellationToken cancellationToken = default)
    {
        program ??= [Environment.GetEnvironmentVariable(ProgramVariable) is { Length: > 0 } path ? path
            : "interactive"];
        var start = new ProcessStartInfo(program[0],
            [.. program.Skip(1),
            .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        using var process = Start(start);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var output = new System.Text.StringBuilder();
        try
        {
            while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } read)
            {
                output.Append(read).Append('\n');
                line(read);
            }
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        return (process.ExitCode, output.ToString(), await error);
    }

    private static Process Start(ProcessStartInfo start)
    {
        try { return Process.Start(start)!; }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new UsageException($"no program {start.FileName}: install it with 'dotnet tool', or set {ProgramVariable} to its path");
        }
    }
}
