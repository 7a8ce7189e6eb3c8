using System.CommandLine;
using Interactive.Kernel.Notebooks;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive run FILE [--output FILE.ipynb] [-- ARGS]</c></summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "a C# script (.csx) or a notebook (.ipynb, .dib)" };
        var output = new Option<string?>("--output", "-o")
        {
            Description = "write the notebook with its outputs to this .ipynb",
        };
        var options = new ScriptOptions();
        var command = new Command("run", "Runs a C# script, or a notebook from top to bottom.") { file, output };
        options.AddTo(command);
        command.Add(options.MetricsPort);
        command.SetAction(parsed =>
        {
            var (path, arguments, copy) = (parsed.GetValue(file)!, options.Read(parsed), parsed.GetValue(output));
            if (copy is not null) RequireNotebook(copy);
            if (options.Scraped(parsed) is { } port) Environment.SetEnvironmentVariable(MetricsPort.Variable, port);
            return copy is not null || NotebookHost.IsNotebook(path) ? NotebookHost.Run(path, arguments, copy)
                : ScriptHost.Run(ScriptFile.Open(path), arguments, options.IsRelease(parsed),
                !parsed.GetValue(options.NoCache));
        });
        return command;
    }

    private static void RequireNotebook(string output)
    {
        if (Path.GetExtension(output).ToLowerInvariant() != ".ipynb")
            throw new UsageException($"--output {output}: outputs are kept in an .ipynb");
        if (Path.GetDirectoryName(Path.GetFullPath(output)) is { } folder && !Directory.Exists(folder))
            throw new UsageException($"--output {output}: no folder {folder}");
    }
}
