using Interactive.Extensions.Display;
using Interactive.Kernel.Directives;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Notebooks;

/// <summary>Runs a notebook from top to bottom without a client: displays and streams go to stdout as text, and into its outputs.</summary>
internal static class NotebookRunner
{
    /// <param name="folder">Where relative paths in directives begin.</param>
    /// <param name="shows">False on ranks that stay silent but for what their cells write.</param>
    /// <returns>The notebook with its outputs, up to the first cell that failed, and that cell's error.</returns>
    public static async Task<(Notebook Notebook, Exception? Error)> Run(Notebook notebook, ScriptGlobals globals, string folder, bool shows = true)
    {
        var (output, error, host) = (Console.Out, Console.Error, DisplayHost.Current);
        var recorder = new CellRecorder(shows ? output : TextWriter.Null);
        using var session = new ScriptSession(globals, folder);
        BuiltInDirectives.AddTo(session.Directives);
        NotebookPage.Reset();
        try
        {
            Console.SetOut(TextWriter.Synchronized(new StreamTee(output, text => recorder.Write("stdout", text))));
            Console.SetError(TextWriter.Synchronized(new StreamTee(error, text => recorder.Write("stderr", text))));
            DisplayHost.Current = recorder;
            return await Run(notebook, session, recorder).ConfigureAwait(false);
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
            DisplayHost.Current = host;
        }
    }

    private static async Task<(Notebook, Exception?)> Run(Notebook notebook, ScriptSession session, CellRecorder recorder)
    {
        var cells = new List<NotebookCell>();
        Exception? failure = null;
        var count = 0;
        foreach (var cell in notebook.Cells)
        {
            if (cell.Kind != CellKind.Code || failure is not null || string.IsNullOrWhiteSpace(cell.Source))
            {
                cells.Add(cell with { Outputs = [], ExecutionCount = null });
                continue;
            }
            var result = await session.RunAsync(cell.Source, $"cell-{++count}").ConfigureAwait(false);
            if (result.HasValue && result.Value is { } value) recorder.Value(Formatters.Format(value), count);
            if (result.Error is { } error)
            {
                failure = error;
                recorder.Error(error.GetType().Name, error.Message, error is ScriptCompileException or UsageException ? error.Message : ScriptTrace.Format(error));
            }
            cells.Add(cell with { Outputs = [.. recorder.TakeOutputs().Select(CellRecorder.ForFile)], ExecutionCount = count });
        }
        return (notebook with { Cells = cells }, failure);
    }
}
