using System.Diagnostics;
using System.Text.RegularExpressions;
using Interactive.Kernel.Jupyter;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Jupyter;

/// <summary>
/// Runs Debian's Python and what it has of Jupyter, with the built kernel registered in a folder of its own.
/// </summary>
internal sealed class JupyterClient : IDisposable
{
    /// <summary>Debian's own: its packages are not found by another Python on the path.</summary>
    public const string Python = "/usr/bin/python3";

    private readonly TemporaryFolder prefix = new();

    public JupyterClient() => KernelSpec.Install(prefix.Path);

    /// <summary>The folder of the project's tests.</summary>
    public static string Tests { get; } = Path.Combine(ProjectFolder.Root, "tests");

    /// <summary>Skips a test where Python cannot import a module.</summary>
    /// <param name="package">The apt package that brings it.</param>
    public static void Require(string module, string package)
    {
        Skip.IfNot(File.Exists(Python), $"{Python} is not there: apt-get install python3");
        var (exit, _) = Execute([], Python, Tests, "-c", $"import {module}").GetAwaiter().GetResult();
        Skip.IfNot(exit == 0, $"Python's {module} is not there: apt-get install {package}");
    }

    /// <summary>Runs a file of Python unit tests: all must have run and passed.</summary>
    /// <param name="skipped">How many of them do not apply here.</param>
    /// <param name="environment">More variables for them.</param>
    public async Task Pass(string file, int skipped = 0, params IEnumerable<(string Name, string Value)> environment)
    {
        var variables = Environment();
        foreach (var (name, value) in environment) variables[name] = value;
        var (exit, output) = await Execute(variables, Python, Path.Combine(Tests, "Kernel.Tests", "Jupyter"), file);
        Assert.True(exit == 0, output);
        Assert.Matches(new Regex(@"Ran [1-9]\d* tests? in"), output);
        Assert.EndsWith(skipped == 0 ? "OK" : $"OK (skipped={skipped})", output.TrimEnd());
    }

    /// <summary>Runs a program that finds the kernel.</summary>
    public Task<(int Exit, string Output)> Run(string program, string folder, params string[] arguments)
        => Execute(Environment(), program, folder, arguments);

    /// <summary>Starts a program that finds the kernel and goes on; what it writes is dropped.</summary>
    public Process Start(string program, string folder, params string[] arguments)
    {
        var process = Process.Start(Describe(Environment(), program, folder, arguments))!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private Dictionary<string, string> Environment() => new()
    {
        ["JUPYTER_PATH"] = Path.Combine(prefix.Path, "share", "jupyter"),
        ["JUPYTER_CONFIG_DIR"] = Path.Combine(prefix.Path, "config"),
        ["JUPYTER_DATA_DIR"] = Path.Combine(prefix.Path, "data"),
        ["JUPYTER_RUNTIME_DIR"] = Path.Combine(prefix.Path, "runtime"),
        ["IPYTHONDIR"] = Path.Combine(prefix.Path, "ipython"),
        ["PYTHONDONTWRITEBYTECODE"] = "1",
    };

    public void Dispose() => prefix.Dispose();

    private static async Task<(int Exit, string Output)> Execute(Dictionary<string, string> environment, string program,
        string folder, params string[] arguments)
    {
        using var process = Process.Start(Describe(environment, program, folder, arguments))!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output + await error);
    }

    private static ProcessStartInfo Describe(Dictionary<string, string> environment, string program, string folder,
        string[] arguments)
    {
        var start = new ProcessStartInfo(program,
            arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = folder,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return start;
    }
}
