using Interactive.Collectives;
using Interactive.Collectives.Mpi;
using Interactive.Kernel.Notebooks;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting;

/// <summary>Runs a notebook as a program: a batch job, alone or on every rank of a launch.</summary>
internal static class NotebookHost
{
    /// <summary>True for .ipynb and .dib, and for a script with cells (<c>// %%</c>), which is run cell by cell.</summary>
    public static bool IsNotebook(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".ipynb" or ".dib" => true,
        ".csx" => File.Exists(path) && File.ReadLines(path).Any(line => line.StartsWith("// %%")),
        _ => false,
    };

    /// <param name="output">Where the notebook is written with its outputs, also when a cell fails; null for nowhere. Rank 0 writes it.</param>
    /// <returns>0, or 1 when a cell failed.</returns>
    /// <exception cref="UsageException">Not a notebook, or a cell asked for something impossible.</exception>
    public static int Run(string path, IReadOnlyList<string> arguments, string? output)
    {
        var notebook = Notebook.Read(path);
        var isMain = ClusterEnvironment.Read() is not { Rank: > 0 };
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var (result, error) = NotebookRunner.Run(notebook, new ScriptGlobals { Args = [.. arguments] }, folder, isMain).GetAwaiter().GetResult();
        Console.Out.Flush();
        if (output is not null && isMain) result.Write(output);
        if (error is UsageException usage) throw usage;
        if (error is null) return Environment.ExitCode;
        Console.Error.WriteLine(error is ScriptCompileException ? error.Message : ScriptTrace.Format(error));
        Environment.ExitCode = ScriptHost.Failure;
        World.Fail(error);
        return ScriptHost.Failure;
    }
}
