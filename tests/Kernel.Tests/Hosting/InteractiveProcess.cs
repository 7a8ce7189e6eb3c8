using System.Diagnostics;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>Runs the built program as a user does.</summary>
internal static class InteractiveProcess
{
    private static string Program => typeof(Interactive.Kernel.Scripting.ScriptSession).Assembly.Location;

    public static Task<(int Exit, string Out, string Error)> Run(params string[] arguments)
        => RunIn(Directory.GetCurrentDirectory(), null, arguments);

    public static Task<(int Exit, string Out, string Error)> RunIn(string folder, string? cache,
        params string[] arguments) => Run(folder, cache, null, arguments);

    /// <summary>With a text on stdin.</summary>
    public static Task<(int Exit, string Out, string Error)> RunWith(string input, params string[] arguments)
        => Run(Directory.GetCurrentDirectory(), null, input, arguments);

    /// <summary>With an environment variable.</summary>
    public static Task<(int Exit, string Out, string Error)> RunUnder((string Name, string Value) variable,
        params string[] arguments)
        => Run(Directory.GetCurrentDirectory(), null, null, arguments, variable);

    /// <summary>Starts it, with its output to be read; for what ends when it is killed.</summary>
    public static Process Start(params string[] arguments)
        => Process.Start(new ProcessStartInfo("dotnet", [Program, .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true
        })!;

    /// <summary>The same under a variable.</summary>
    public static Process StartUnder((string Name, string Value) variable, params string[] arguments)
        => Process.Start(new ProcessStartInfo("dotnet", [Program, .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, Environment = { [variable.Name] = variable.Value }
        })!;

    private static async Task<(int Exit, string Out, string Error)> Run(string folder, string? cache, string? input,
        string[] arguments, (string Name, string Value)? variable = null)
    {
        var start = new ProcessStartInfo("dotnet",
            [Program,
            .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = input is not null,
            WorkingDirectory = folder,
        };
        if (variable is var (name, value)) start.Environment[name] = value;
        if (cache is not null) start.Environment["XDG_CACHE_HOME"] = cache;
        using var process = Process.Start(start)!;
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await error);
    }
}
