using Interactive.Kernel.Notebooks;
using Interactive.Kernel.Tests.Hosting;
using Interactive.Kernel.Tests.Scripting;
using System.Text.Json.Nodes;

namespace Interactive.Kernel.Tests.Notebooks;

/// <summary>Notebooks as batch jobs: <c>interactive run</c>.</summary>
public sealed class NotebookHostTests
{
    private static NotebookCell Tagged(string code, string tag)
        => new(CellKind.Code, code) { Metadata = new() { ["tags"] = new JsonArray(tag) } };

    private static string Output(NotebookCell cell) => string.Concat(cell.Outputs.Select(o => o.ToJsonString()));

    [Fact]
    public async Task ANotebook_RunsInItsOwnFolder_SkipsAndFailsOnPurpose_AndKeepsWhatChildrenWrite()
    {
        using var folder = new TemporaryFolder();
        folder.Write("sub/d.txt", "near");
        new Notebook([
            new(CellKind.Code, "File.ReadAllText(\"d.txt\")"),
            Tagged("throw new Exception(\"on purpose\");", "raises-exception"),
            Tagged("Environment.Exit(9);", "skip-execution"),
            new(CellKind.Code, "#!csharp\nProcess.Start(\"echo\", \"from a child\").WaitForExit(); 40 + 2"),
            new(CellKind.Code, "#!fsharp\nlet x = 5"),
            new(CellKind.Code, "#!html\n<b>bold</b>"),
        ]).Write(Path.Combine(folder.Path, "sub", "n.ipynb"));
        var (exit, output,
            error) = await InteractiveProcess.RunIn(folder.Path, null, "run", "sub/n.ipynb", "-o", "o.ipynb");
        Assert.Equal((0, "interactive: cell-4 is F#: kept, not run\n"), (exit, error));
        Assert.Equal("near\nfrom a child\n42\n<b>bold</b>\n", output);
        var cells = Notebook.Read(Path.Combine(folder.Path, "o.ipynb")).Cells;
        Assert.Contains("on purpose", Output(cells[1]));
        Assert.Empty(cells[2].Outputs);
        Assert.Contains("from a child", Output(cells[3]));
        Assert.Contains("text/html", Output(cells[5]));
    }

    [Fact]
    public async Task ACellThatEndsTheProcess_KeepsTheOutputsSoFar()
    {
        using var folder = new TemporaryFolder();
        new Notebook([new(CellKind.Code, "WriteLine(\"first\");"),
            new(CellKind.Code, "WriteLine(\"second\"); Environment.Exit(3);")]).Write(Path.Combine(folder.Path,
            "n.ipynb"));
        var (exit, _, _) = await InteractiveProcess.RunIn(folder.Path, null, "run", "n.ipynb", "-o", "o.ipynb");
        Assert.Equal(3, exit);
        var cells = Notebook.Read(Path.Combine(folder.Path, "o.ipynb")).Cells;
        Assert.Contains("first", Output(cells[0]));
        Assert.Contains("second", Output(cells[1]));
    }

    [Fact]
    public async Task AnExceptionOnAThread_FailsItsCell()
    {
        using var folder = new TemporaryFolder();
        new Notebook([new(CellKind.Code, "new System.Threading.Thread(() => throw new Exception(\"on a thread\")).Start(); System.Threading.Thread.Sleep(1000);")]).Write(Path.Combine(folder.Path, "n.ipynb"));
        var (exit, _, error) = await InteractiveProcess.RunIn(folder.Path, null, "run", "n.ipynb", "-o", "o.ipynb");
        Assert.Equal(1, exit);
        Assert.Contains("on a thread", error);
        Assert.Contains("on a thread", Output(Notebook.Read(Path.Combine(folder.Path, "o.ipynb")).Cells[0]));
    }

    [Fact]
    public async Task AScriptWithCells_RunsCellByCell_AndStaysWhereItWasStarted()
    {
        using var folder = new TemporaryFolder();
        folder.Write("sub/c.csx",
            "// %%\nvar x = 1;\n// %%\nvar x = \"two\";\nWriteLine(x + File.Exists(\"sub/c.csx\"));\n");
        Assert.Equal((0, "twoTrue\n", ""), await InteractiveProcess.RunIn(folder.Path, null, "run", "sub/c.csx"));
        folder.Write("b.csx", "// %%%%%%%%\n// settings\n// %%%%%%%%\nreturn 3;\n");
        Assert.Equal(3, (await InteractiveProcess.RunIn(folder.Path, null, "run", "b.csx", "@arg")).Exit);
    }

    [Fact]
    public void Text_IsGatheredInOnePiece()
    {
        var recorder = new CellRecorder(TextWriter.Null);
        for (var i = 0; i < 1000; i++) recorder.Write("stdout", $"{i}\n");
        recorder.Write("stderr", "e");
        Assert.Equal(2, recorder.Outputs.Count);
        recorder.Write("stderr", "f");
        var outputs = recorder.TakeOutputs();
        Assert.Equal(string.Concat(Enumerable.Range(0, 1000).Select(i => $"{i}\n")), (string?)outputs[0]["text"]);
        Assert.Equal("ef", (string?)outputs[1]["text"]);
        Assert.Empty(recorder.TakeOutputs());
    }
}
