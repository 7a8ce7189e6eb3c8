using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Interactive.Extensions.Display;
using Interactive.Kernel.Directives;
using Interactive.Kernel.Hosting;
using Interactive.Kernel.Notebooks;
using Interactive.Kernel.Scripting;
using Interactive.Kernel.Tests.Hosting;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Notebooks;

[Collection(ProcessWide.Name)]
[Trait("Speed", "slow")]
public sealed class NotebookRunTests
{
    private static async Task<(Notebook Notebook, Exception? Error, string Log)> Run(params string[] cells)
    {
        var (previous, log) = (Console.Out, new StringWriter());
        Console.SetOut(log);
        try
        {
            var (notebook,
                error) = await NotebookRunner.Run(new([.. cells.Select(c => new NotebookCell(CellKind.Code, c))]),
                new ScriptGlobals(), Directory.GetCurrentDirectory());
            return (notebook, error, log.ToString());
        }
        finally { Console.SetOut(previous); }
    }

    private static string Text(JsonNode? lines) => string.Concat(lines!.AsArray().Select(l => l!.GetValue<string>()));

    [Fact]
    public async Task Streams_values_and_displays_become_outputs()
    {
        var (notebook, error,
            log) = await Run("WriteLine(\"a\"); Write(\"b\"); Error.WriteLine(\"c\");",
            "var d = Interactive.Extensions.Display.DisplayExtensions.Display(\"first\"); d.Update(\"second\"); 1 + 1");
        Assert.Null(error);
        var first = notebook.Cells[0].Outputs;
        Assert.Equal(["stdout a\nb", "stderr c\n"], first.Select(o => $"{o["name"]} {Text(o["text"])}"));
        var second = notebook.Cells[1].Outputs;
        Assert.Equal(["display_data", "execute_result"], second.Select(o => o["output_type"]!.GetValue<string>()));
        Assert.Equal("second", Text(second[0]["data"]!["text/plain"]));
        Assert.Equal("2", Text(second[1]["data"]!["text/plain"]));
        Assert.False(second[0].ContainsKey("id"));
        Assert.Equal(2, notebook.Cells[1].ExecutionCount);
        Assert.Equal("a\nb" + "first\n2\nsecond\n", log);
    }

    [Theory]
    [InlineData("2", "usage\n", 2)]
    [InlineData("", "usage\n", 0)]
    [InlineData("await Task.FromResult(\n  7)", "usage\n", 7)]
    public async Task A_return_ends_a_script_of_cells(string value, string log, int exit)
    {
        using var folder = new TemporaryFolder();
        var script = folder.Write("a.csx", $"// %%\nint F() {{ return 4; }}\nFunc<int> g = () => {{ return 5; }};\n// %%\nif (Args.Count == 0) {{ WriteLine(\"usage\"); return {value}; }}\n// %%\nWriteLine(F() + g());\n");
        var (code, output, error) = await InteractiveProcess.Run("run", script);
        Assert.Equal((exit, log, ""), (code, output, error));
        Assert.Equal((0, "9\n"), (await InteractiveProcess.Run("run", script, "x")) is var (other, shown, _) ? (other, shown) : default);
    }

    [Fact]
    public async Task A_cell_in_a_language_that_only_the_notebook_knows_is_kept()
    {
        using var folder = new TemporaryFolder();
        var notebook = folder.Write("a.ipynb", """{"cells":[{"cell_type":"code","metadata":{"polyglot_notebook":{"kernelName":"sql-mydb"}},"outputs":[],"source":"SELECT 1"},{"cell_type":"code","metadata":{},"outputs":[],"source":"40 + 2"}],"metadata":{},"nbformat":4,"nbformat_minor":5}""");
        Assert.Equal((0, "42\n", "interactive: cell-1 is sql-mydb: kept, not run\n"), await InteractiveProcess.Run("run", notebook));
    }

    [Fact]
    public async Task Cleared_output_is_gone()
    {
        var (notebook, _, _) = await Run("WriteLine(1); Interactive.Extensions.Display.DisplayHost.Current.Clear(wait: true); WriteLine(2);");
        Assert.Equal("2\n", Text(Assert.Single(notebook.Cells[0].Outputs)["text"]));
    }

    [Fact]
    public async Task The_first_failing_cell_is_the_last_one_to_run()
    {
        var (notebook, error, _) = await Run("1", "void F() => throw new Exception(\"lost\");\nF();", "3");
        Assert.Equal("lost", error!.Message);
        var output = Assert.Single(notebook.Cells[1].Outputs);
        Assert.Equal(("error", "Exception", "lost"),
            (output["output_type"]!.GetValue<string>(), output["ename"]!.GetValue<string>(),
            output["evalue"]!.GetValue<string>()));
        Assert.Contains("cell-2:line 1", output["traceback"]!.ToJsonString());
        Assert.Empty(notebook.Cells[2].Outputs);
        Assert.Null(notebook.Cells[2].ExecutionCount);
    }

    [Theory]
    [InlineData("#!nothing", "no directive #!nothing: there are #!help, #!m")]
    [InlineData("#!help me", "no directive #!me: there are #!help, #!m")]
    [InlineData("#!help plan memory", "#!help takes the name of one directive, got 'plan memory'")]
    [InlineData("#!plan", "#!plan needs options, such as #!plan --model resnet50")]
    [InlineData("#!scaling --simulate 3", "--simulate 3: powers of two")]
    [InlineData("#!scaling -n 2\n1", "#!scaling stands alone in its cell")]
    [InlineData("#!mpirun\n1", "#!mpirun: how many ranks? #!mpirun -n RANKS")]
    [InlineData("#!mpirun -n 0\n1", "#!mpirun: 0 ranks: a whole number of at least 1 is needed")]
    [InlineData("#!mpirun -n 2", "#!mpirun: the cell is empty")]
    [InlineData("#!mpirun -n 2 --save a.txt\n1", "#!mpirun: --save writes a .csx script, got a.txt")]
    [InlineData("#!mpirun -n 2 --as 1x\n1", "#!mpirun: --as 1x: no name of a variable")]
    [InlineData("#!mpirun -n 2 --mpi lam\n1", "#!mpirun: --mpi lam: choose openmpi or mpich")]
    [InlineData("#!mpirun -x\n1", "#!mpirun: unknown '-x'")]
    public async Task A_wrong_directive_is_one_clear_line(string cell, string message)
    {
        var (_, error, _) = await Run(cell);
        Assert.StartsWith(message, Assert.IsType<UsageException>(error).Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public async Task Help_lists_all_directives()
    {
        var (notebook, _, log) = await Run("#!help");
        foreach (var name in new[] { "#!help", "#!mpirun -n RANKS", "#!shared" }) Assert.Contains(name, log);
        Assert.Contains("<table>", Text(notebook.Cells[0].Outputs[0]["data"]![Mime.Html]));
    }

    [Theory]
    [InlineData("#!shared?")]
    [InlineData("#!shared --help")]
    [InlineData("#!help shared")]
    [InlineData("#!help #!shared")]
    public async Task Help_on_one_directive_tells_what_it_does_and_runs_nothing(string line)
    {
        var (_, error, log) = await Run(line + (line.Contains("help ") ? "" : "\nWriteLine(\"run\");"));
        Assert.Null(error);
        Assert.Equal("#!shared: runs its cell here, and on the ranks of every later #!mpirun first\n", log);
    }

    [Theory]
    [InlineData("#!", 2, "#!help #!memory #!mpirun #!plan #!scaling #!shared")]
    [InlineData("\n#!M", 4, "#!memory #!mpirun")]
    [InlineData("#!mpirun -n 2", 12, "")]
    [InlineData("#!mpirun -n 2\nConsole.WriteL", 28, "WriteLine")]
    public async Task Directives_are_completed_on_their_line_only(string code, int position, string expected)
    {
        using var session = new ScriptSession();
        BuiltInDirectives.AddTo(session.Directives);
        Assert.Equal(expected, string.Join(' ', (await session.CompleteAsync(code, position)).Select(i => i.Text)));
    }

    [Fact]
    public async Task A_directive_under_the_cursor_tells_what_it_accepts()
    {
        using var session = new ScriptSession();
        BuiltInDirectives.AddTo(session.Directives);
        Assert.StartsWith("#!mpirun -n RANKS", await session.InspectAsync("#!mpirun -n 2\nint.Parse", 5));
        Assert.StartsWith("int int.Parse", await session.InspectAsync("#!mpirun -n 2\nint.Parse", 20));
        Assert.Null(await session.InspectAsync("#!/usr/bin/env", 5));
    }

    [Fact]
    public async Task Simulated_scaling_is_shown_as_a_figure()
    {
        var (notebook, error, log) = await Run("#!scaling --simulate 2,8 --model lenet5");
        Assert.Null(error);
        Assert.Contains("lenet5", log);
        var data = notebook.Cells[0].Outputs[0]["data"]!.AsObject();
        Assert.All([Mime.Png, Mime.Plotly, Mime.Html, Mime.Text], mime => Assert.True(data.ContainsKey(mime), mime));
    }

    [Fact]
    public void The_projects_notebooks_keep_their_outputs()
    {
        var paths = Directory.GetFiles(Path.Combine(ProjectFolder.Root, "notebooks"), "*.ipynb");
        Assert.NotEmpty(paths);
        foreach (var path in paths)
        {
            var code = Notebook.Read(path).Cells.Where(c => c.Kind == CellKind.Code).ToList();
            Assert.All(code, cell => Assert.NotNull(cell.ExecutionCount));
            Assert.DoesNotContain(code, cell => cell.Outputs.Any(o => (string?)o["output_type"] == "error"));
            Assert.Contains(code, cell => cell.Outputs.Any(o => o["data"]?["image/png"] is not null));
        }
    }

    [SkippableFact]
    public async Task The_notebook_of_ones_own_pictures_runs_from_top_to_bottom()
    {
        Skip.IfNot(Directory.Exists("/usr/share/tuxpaint/stamps/vehicles"), "needs the pictures of tuxpaint-stamps-default");
        using var folder = new TemporaryFolder();
        var copy = Path.Combine(folder.Path, "out.ipynb");
        var (exit, _, error) = await InteractiveProcess.RunUnder(("TMPDIR", folder.Path), "run",
            Path.Combine(ProjectFolder.Root, "notebooks", "05-your-own-data.ipynb"), "--output", copy);
        Assert.True(exit == 0, error);
        var cells = Notebook.Read(copy).Cells.Where(c => c.Kind == CellKind.Code).ToList();
        Assert.Contains(cells[1].Outputs, o => o["data"]?["image/png"] is not null); // the contact sheet
        Assert.Contains(cells[2].Outputs, o => o["data"]?["image/png"] is not null); // the curve
        var hashes = Regex.Matches(cells[^1].Outputs[^1]["data"]![Mime.Text]!.ToJsonString(), "[0-9A-F]{16}");
        Assert.Equal(4, hashes.Count); // of the folder, of shards, archives and Parquet
        Assert.Single(hashes.Select(h => h.Value).Distinct());
    }

    [Fact]
    public async Task A_notebook_runs_as_a_batch_job_and_keeps_its_outputs_in_a_copy()
    {
        using var folder = new TemporaryFolder();
        var (source, copy) = (Path.Combine(folder.Path, "a.ipynb"), Path.Combine(folder.Path, "b.ipynb"));
        new Notebook([new(CellKind.Markdown, "# A"), new(CellKind.Code, "Args.Count"),
            new(CellKind.Code, "missing();")]).Write(source);
        var before = File.ReadAllText(source);
        var (exit, output, error) = await InteractiveProcess.Run("run", source, "--output", copy, "--", "x", "y");
        Assert.Equal((1, "2\n"), (exit, output));
        Assert.Contains("cell-2(1,1): error CS0103", error);
        Assert.Equal(before, File.ReadAllText(source));
        var cells = Notebook.Read(copy).Cells;
        Assert.Equal("error", cells[2].Outputs[0]["output_type"]!.GetValue<string>());
        (exit, _, error) = await InteractiveProcess.Run("run", source, "--output", "b.txt");
        Assert.Equal((2, "interactive: --output b.txt: outputs are kept in an .ipynb\n"), (exit, error));
    }
}
