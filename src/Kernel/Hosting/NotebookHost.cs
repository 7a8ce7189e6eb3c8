using System.Runtime.InteropServices;
using Interactive.Collectives;
using Interactive.Collectives.Mpi;
using Interactive.Kernel.Notebooks;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting;

/// <summary>Runs a notebook as a program: a batch job, alone or on every rank of a launch.</summary>
internal static class NotebookHost
{
    /// <summary>
    /// True for .ipynb and .dib, and for a script with cells (<c>// %%</c>), which is run cell by cell.
    /// </summary>
    public static bool IsNotebook(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".ipynb" or ".dib" => true,
        ".csx"
            => File.Exists(path) && File.ReadAllText(path) is var text
            && text.Contains("// %%", StringComparison.Ordinal) && PercentScript.HasCells(text),
        _ => false,
    };

    /// <param name="output">Where the notebook is written with its outputs, also when a cell fails; null for nowhere.
    /// Rank 0 writes it.</param>
    /// <returns>0, or 1 when a cell failed.</returns>
    /// <exception cref="UsageException">Not a notebook, or a cell asked for something impossible.</exception>
    public static int Run(string path, IReadOnlyList<string> arguments, string? output)
    {
        var notebook = Notebook.Read(path);
        var isMain = ClusterEnvironment.Read() is not { Rank: > 0 };
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var file = output is null || !isMain ? null : Path.GetFullPath(output);
        // As in Jupyter. A script, of cells or not, stays where it was started.
        var isScript = Path.GetExtension(path).ToLowerInvariant() == ".csx";
        if (!isScript) Directory.SetCurrentDirectory(folder);
        NotebookRunner? running = null;
        // A cell, or a signal, may end the process: what there is by then is kept.
        void Keep(object? sender, EventArgs e)
        {
            if (file is not null && running is not null) running.Snapshot().Write(file);
        }
        AppDomain.CurrentDomain.ProcessExit += Keep;
        var interrupted = false;
        using var signal = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = !interrupted; // once ends the cell, twice the process
            interrupted = true;
            running?.Interrupt();
        });
        var (result,
            error) =
            NotebookRunner.Run(notebook, new ScriptGlobals { Args = [.. arguments] }, folder, isMain,
            runner => running = runner, isScript).GetAwaiter().GetResult();
        AppDomain.CurrentDomain.ProcessExit -= Keep;
        Console.Out.Flush();
        if (file is not null) result.Write(file);
        if (error is UsageException usage) throw usage;
        if (error is null) return Environment.ExitCode = running?.ExitCode ?? Environment.ExitCode;
        Console.Error.WriteLine(error is ScriptCompileException ? error.Message
            : interrupted ? "interactive: interrupted" : ScriptTrace.Format(error));
        Environment.ExitCode = interrupted ? Interrupted : ScriptHost.Failure;
        World.Fail(error);
        return Environment.ExitCode;
    }

    private const int Interrupted = 128 + 2;
}
