using CsCheck;
using Interactive.Kernel.Notebooks;
using Interactive.Kernel.Tests.Hosting;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Notebooks;

public sealed class ConvertTests
{
    // Lines that the formats must take care of, and any others.
    private static readonly Gen<string> line = Gen.OneOf(
        Gen.OneOfConst("", " ", "// %%", "// %% [markdown]", "// // %%", "// // // %% x", "//", "// ", "%%",
            "%% [markdown]", "// text", "#!csharp", "#!markdown", "#!fsharp",
            "\\#!csharp", "\\\\#!meta", "#!meta", "#!mpirun -n 2", "#!plan ", "#!", "// #!x", "#r \"nuget: A, 1\"",
                "# Title", "var x = 1;", "\tx\r", "\r", "é∑\u2028"),
        Gen.String[Gen.Char[' ', '~'], 0, 8]);

    private static readonly Gen<NotebookCell> cell =
        Gen.Select(Gen.OneOfConst(CellKind.Code, CellKind.Markdown, CellKind.Raw), line.List[0, 5],
        (kind, lines) => new NotebookCell(kind, string.Join('\n', lines)));

    private static IEnumerable<(CellKind, string)> Content(Notebook notebook)
        => notebook.Cells.Select(c => (c.Kind, c.Source));

    [Theory]
    [InlineData(".ipynb")]
    [InlineData(".csx")]
    [InlineData(".dib")]
    public void A_round_trip_keeps_code_markdown_and_order(string extension)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "notebook" + extension);
        // The same notebooks in every run.
        foreach (var cells in cell.List[0, 6].Array[3000].Single(_ => true, "0000KOIxp3C4"))
        {
            new Notebook(cells).Write(path);
            Assert.Equal(cells.Select(c => (c.Kind, c.Source)), Content(Notebook.Read(path)));
        }
    }

    [Fact]
    public void A_script_shows_directives_on_the_marker_and_prose_as_comments()
    {
        var notebook = new Notebook([new(CellKind.Markdown, "# A\n\ntext"), new(CellKind.Code, "var a = 1;"),
            new(CellKind.Code, "#!mpirun -n 2\na + 1")]);
        Assert.Equal("// %% [markdown]\n// # A\n//\n// text\n\n// %%\nvar a = 1;\n\n// %% #!mpirun -n 2\na + 1\n",
            PercentScript.Format(notebook));
    }

    [Fact]
    public void A_dib_holds_the_cells_of_Polyglot_Notebooks()
    {
        var notebook = Dib.Parse("#!meta\n\n{}\n\n#!markdown\n\n# A\n\n#!csharp\n\n1 + 1\n\n#!fsharp\n\nlet x = 1\n");
        Assert.Equal([(CellKind.Markdown, "# A"), (CellKind.Code, "1 + 1"), (CellKind.Code, "#!fsharp\nlet x = 1")],
            Content(notebook));
    }

    [Theory]
    [InlineData("// %%\r\na\r\n\r\n// %% [markdown]\r\n// b\r\n")]
    [InlineData("\n\n// %%\na\n// %% [md]\n// b")]
    public void Scripts_from_other_editors_are_read_too(string text)
        => Assert.Equal([(CellKind.Code, "a"), (CellKind.Markdown, "b")], Content(PercentScript.Parse(text)));

    [Theory]
    [InlineData("// %%\nvar s = \"\"\"\n// %%\n\"\"\";\n// %%\n2\n", "var s = \"\"\"\n// %%\n\"\"\";", "2")]
    [InlineData("/*\n// %%\n*/\n// %%\n2\n", "/*\n// %%\n*/", "2")]
    [InlineData("// %%\nvar s = $@\"\n// %%\n{1}\";\n// %%\n2\n", "var s = $@\"\n// %%\n{1}\";", "2")]
    [InlineData("// %%\n/* open\n// %%\n2\n", "/* open", "2")]
    public void What_looks_like_a_marker_within_a_text_is_none(string script, params string[] cells)
        => Assert.Equal(cells, PercentScript.Parse(script).Cells.Select(c => c.Source));

    [Fact]
    public void Cells_whose_texts_have_no_end_stay_apart()
    {
        string[] cells = ["var a = @\"x", "/* open", "var b = \"\"\"\n", "*/ 1", "\" + 2", "\"\"\";"];
        var script = PercentScript.Format(new([.. cells.Select(c => new NotebookCell(CellKind.Code, c))]));
        Assert.Equal(cells, PercentScript.Parse(script).Cells.Select(c => c.Source));
        Assert.True(PercentScript.HasCells(script));
    }

    [Theory]
    [InlineData("// %% Load data\n1\n", CellKind.Code, "Load data", null)]
    [InlineData("// %% tags=[\"a\"]\n1\n", CellKind.Code, "tags=[\"a\"]", null)]
    [InlineData("// %% [markdown] Title\n// 1\n", CellKind.Markdown, "Title", null)]
    [InlineData("// %% Title [md]\n// 1\n", CellKind.Markdown, "Title", "// %% [markdown] Title\n// 1\n")]
    public void What_a_marker_says_stays(string script, CellKind kind, string title, string? written)
    {
        var cell = Assert.Single(Ipynb.Parse(Ipynb.Format(PercentScript.Parse(script)), "a.ipynb").Cells);
        Assert.Equal((kind, "1", title), (cell.Kind, cell.Source, cell.Title));
        Assert.Equal(written ?? script, PercentScript.Format(new([cell])));
    }

    [Fact]
    public void A_plain_script_is_one_cell()
        => Assert.Equal([(CellKind.Code, "#!/usr/bin/env -S dotnet script\nvar a = 1;")],
        Content(PercentScript.Parse("#!/usr/bin/env -S dotnet script\nvar a = 1;\n")));

    [Fact]
    public void Outputs_and_metadata_of_an_ipynb_stay()
    {
        const string text = """{"cells":[{"cell_type":"code","execution_count":3,"id":"k","metadata":{"tags":["a"]},"outputs":[{"name":"stdout","output_type":"stream","text":["1\n"]}],"source":"1"}],"metadata":{"x":1},"nbformat":4,"nbformat_minor":5}""";
        var again = Ipynb.Parse(Ipynb.Format(Ipynb.Parse(text, "a.ipynb")), "a.ipynb");
        Assert.Equal(("k", 3, "[\"1\\n\"]"),
            (again.Cells[0].Id, again.Cells[0].ExecutionCount, again.Cells[0].Outputs[0]["text"]!.ToJsonString()));
        Assert.Equal("{\"x\":1}", again.Metadata!.ToJsonString());
    }

    [Fact]
    public void Pasted_pictures_of_an_ipynb_stay()
    {
        const string text = """{"cells":[{"attachments":{"a.png":{"image/png":"AAAA"}},"cell_type":"markdown","id":"m","metadata":{},"source":"![](attachment:a.png)"}],"metadata":{},"nbformat":4,"nbformat_minor":5}""";
        Assert.Contains("AAAA",
            Ipynb.Parse(Ipynb.Format(Ipynb.Parse(text, "a.ipynb")), "a.ipynb").Cells[0].Attachments!.ToJsonString());
    }

    [Fact]
    public void A_cell_without_an_id_gets_one_that_no_other_has()
    {
        var cells = new NotebookCell[] { new(CellKind.Code, "1"), new(CellKind.Code,
            "2") { Id = "cell-1" }, new(CellKind.Code, "3") };
        Assert.Equal(["cell-4", "cell-1", "cell-3"],
            Ipynb.Parse(Ipynb.Format(new(cells)), "a.ipynb").Cells.Select(c => c.Id));
    }

    [Theory]
    [InlineData("a.csx", "a.txt", "interactive: .*a.txt: a notebook is kept as .ipynb, .csx or .dib\n")]
    [InlineData("missing.dib", "a.csx", "interactive: no file .*missing.dib\n")]
    [InlineData("bad.ipynb", "a.csx", "interactive: .*bad.ipynb is not a notebook: .*\n")]
    [InlineData("a.csx", "a.csx", "interactive: .*a.csx is the input itself\n")]
    public async Task Bad_input_is_one_line(string from, string to, string message)
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.csx", "1");
        folder.Write("bad.ipynb", "{\"cells\": 1");
        var (exit, output,
            error) = await InteractiveProcess.Run("convert", Path.Combine(folder.Path, from),
            Path.Combine(folder.Path, to));
        Assert.Equal((2, ""), (exit, output));
        Assert.Matches($"^{message}$", error);
    }
}
