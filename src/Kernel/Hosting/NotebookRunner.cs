using Interactive.Extensions.Display;
using Interactive.Extensions.Plots;
using Interactive.Kernel.Directives;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Notebooks;

/// <summary>
/// Runs a notebook from top to bottom without a client: displays and streams go to stdout as text, and into its
/// outputs.
/// </summary>
internal sealed class NotebookRunner
{
    private readonly Notebook notebook;
    private readonly NotebookCell[] cells;
    private readonly ScriptSession session;
    private readonly CellRecorder recorder;
    private readonly List<NativeOutput> native = [];
    private (int Index, int Count)? current;
    private Exception? ofThread;
    private bool isScript;

    /// <summary>What a script returned; null where it returned no number.</summary>
    public int? ExitCode { get; private set; }

    private NotebookRunner(Notebook notebook, ScriptSession session, CellRecorder recorder)
    {
        (this.notebook, this.session, this.recorder) = (notebook, session, recorder);
        cells = [.. notebook.Cells.Select(c => c with { Outputs = [], ExecutionCount = null })];
    }

    /// <param name="folder">Where relative paths in directives begin.</param>
    /// <param name="shows">False on ranks that stay silent but for what their cells write.</param>
    /// <param name="started">Gets what runs, for whoever ends the process before it is done.</param>
    /// <param name="isScript">Whether <c>return</c> ends the whole run.</param>
    /// <returns>The notebook with its outputs, up to the first cell that failed, and that cell's error.</returns>
    public static async Task<(Notebook Notebook, Exception? Error)> Run(Notebook notebook, ScriptGlobals globals,
        string folder, bool shows = true, Action<NotebookRunner>? started = null, bool isScript = false)
    {
        var (output, error, host, interrupted) = (Console.Out, Console.Error, DisplayHost.Current,
            DisplayHost.IsInterrupted);
        var recorder = new CellRecorder(shows ? output : TextWriter.Null);
        using var session = new ScriptSession(globals, folder);
        BuiltInDirectives.AddTo(session.Directives);
        LanguageDirectives.AddTo(session.Directives, notebook.Cells.Select(c => CellLanguage.OfCell(c.Metadata)).Append(CellLanguage.OfNotebook(notebook.Metadata)));
        NotebookPage.Reset();
        var runner = new NotebookRunner(notebook, session, recorder) { isScript = isScript };
        try
        {
            Console.SetOut(TextWriter.Synchronized(new StreamTee(output, text => recorder.Write("stdout", text))));
            Console.SetError(TextWriter.Synchronized(new StreamTee(error, text => recorder.Write("stderr", text))));
            // What children write goes where the console's writers write: those were made before, and know the old
            // descriptor.
            if (shows)
                runner.native.AddRange([new NativeOutput(1, text => recorder.Write("stdout", text), echoes: true),
                new NativeOutput(2, text => recorder.Write("stderr", text), echoes: true)]);
            DisplayHost.Current = recorder;
            DisplayHost.IsInterrupted = () => CellRun.IsCurrentInterrupted;
            ThreadErrors.Handle(e => Interlocked.CompareExchange(ref runner.ofThread, e, null));
            started?.Invoke(runner);
            var failure = await runner.Run().ConfigureAwait(false);
            return (runner.Snapshot(), failure);
        }
        finally
        {
            ThreadErrors.Handle(null);
            foreach (var each in runner.native) each.Dispose();
            Console.SetOut(output);
            Console.SetError(error);
            (DisplayHost.Current, DisplayHost.IsInterrupted) = (host, interrupted);
        }
    }

    /// <summary>Ends the cell that runs.</summary>
    public void Interrupt() => session.Interrupt();

    private async Task<Exception?> Run()
    {
        var count = 0;
        for (var i = 0; i < cells.Length; i++)
        {
            var cell = cells[i];
            if (cell.Kind != CellKind.Code || string.IsNullOrWhiteSpace(cell.Source) || cell.HasTag("skip-execution"))
                continue;
            current = (i, ++count);
            var number = count;
            var result = await session.RunAsync(isScript ? ScriptEnd.Mark(cell.Source) : cell.Source, $"cell-{number}",
                value => { if (value is not (DisplayedValue or ScriptEnd)) recorder.Value(Formatters.Format(value), number); }).ConfigureAwait(false);
            foreach (var output in native) output.Drain();
            var error = result.Error ?? Interlocked.Exchange(ref ofThread, null);
            if (error is not null)
                recorder.Error(ScriptTrace.Name(error.GetType()).Split('.')[^1], ScriptTrace.Message(error),
                error is ScriptCompileException or UsageException ? error.Message : ScriptTrace.Format(error));
            cells[i] =
                cell with
                {
                    Outputs = [.. recorder.TakeOutputs().Select(CellRecorder.ForFile)],
                    ExecutionCount =
                count
                };
            current = null;
            // Shown on purpose, as nbconvert has it.
            if (error is not null && !cell.HasTag("raises-exception")) return error;
            if (result.Value is ScriptEnd end)
            {
                ExitCode = end.Value as int?;
                break;
            }
        }
        return null;
    }

    /// <summary>The notebook as it stands: with the outputs so far, also of the cell that runs.</summary>
    public Notebook Snapshot()
    {
        var copy = cells.ToArray();
        if (current is var (i, count))
            copy[i] =
            copy[i] with { Outputs = [.. recorder.Outputs.Select(CellRecorder.ForFile)], ExecutionCount = count };
        return notebook with { Cells = copy };
    }
}
