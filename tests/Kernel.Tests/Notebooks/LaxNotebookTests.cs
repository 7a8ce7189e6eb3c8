using Interactive.Kernel.Notebooks;

namespace Interactive.Kernel.Tests.Notebooks;

/// <summary>Notebooks as other programs write them.</summary>
public sealed class LaxNotebookTests
{
    private static Notebook Cell(string cell, string metadata = "{}") =>
        Ipynb.Parse($"{{\"cells\":[{{\"cell_type\":\"code\",\"metadata\":{{}},\"outputs\":[],\"source\":\"1\",{cell}}}],\"metadata\":{metadata},\"nbformat\":4,\"nbformat_minor\":5}}", "a.ipynb");

    [Theory]
    [InlineData("\"outputs\":[{\"output_type\":\"display_data\",\"data\":{\"x\":{\"y\":[1,NaN,-Infinity,Infinity]}}}]")]
    [InlineData("\"metadata\":{},\"metadata\":{\"a\":1},\"id\":\"x\",\"id\":\"y\"")]
    [InlineData("\"execution_count\":1.0")]
    [InlineData("\"execution_count\":\"one\",\"id\":3")]
    [InlineData("\"outputs\":[null,3]")]
    [InlineData("\"outputs\":{}")]
    public void AnOddCell_IsRead(string cell) => Assert.Equal("1", Assert.Single(Cell(cell).Cells).Source);

    [Fact]
    public void NumbersThatAreNone_AreGaps_ButNotInTexts()
    {
        var cell = Cell("\"source\":\"NaN \\\" Infinity\",\"outputs\":[{\"output_type\":\"display_data\",\"data\":{\"x\":[NaN,-Infinity,2]}}]").Cells[0];
        Assert.Equal("NaN \" Infinity", cell.Source);
        Assert.Equal("[null,null,2]", cell.Outputs[0]["data"]!["x"]!.ToJsonString());
    }

    [Theory]
    [InlineData("\"source\":\"a\\ud83d\"", "a\ufffd")]
    [InlineData("\"source\":\"\\ud83d\\ude00 \\\\ud83d\"", "\U0001F600 \\ud83d")]
    [InlineData("\"source\":[\"a\\n\",\"b\"]", "a\nb")]
    public void ASource_IsReadWhole(string cell, string source) => Assert.Equal(source, Cell(cell).Cells[0].Source);

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"nbformat\":4}")]
    [InlineData("{\"nbformat\":4,\"cells\":[3]}")]
    [InlineData("{\"nbformat\":4,\"cells\":[{\"source\":[\"1\",2]}]}")]
    [InlineData("{\"nbformat\":4,\"cells\":{}}")]
    [InlineData("{\"nbformat\":5,\"cells\":[]}")]
    [InlineData("{\"nbformat\":\"4\",\"cells\":[]}")]
    [InlineData("{\"nbformat\":3}")]
    public void WhatIsNoNotebook_IsOneLine(string text)
    {
        var message = Assert.Throws<UsageException>(() => Ipynb.Parse(text, "a.ipynb")).Message;
        Assert.DoesNotContain('\n', message);
        Assert.DoesNotContain("Object reference", message);
    }

    [Fact]
    public void VersionThree_IsReadAsItsSuccessor()
    {
        var notebook = Ipynb.Parse("""
            {"metadata":{"name":"old"},"nbformat":3,"nbformat_minor":0,"worksheets":[{"cells":[
              {"cell_type":"heading","level":2,"metadata":{},"source":["A\n","title"]},
              {"cell_type":"code","input":["1 +\n","1"],"language":"python","metadata":{},"prompt_number":7,"outputs":[
                {"output_type":"pyout","prompt_number":7,"text":["2"],"html":"<b>2</b>"},{"output_type":"stream","stream":"stderr","text":["e"]},
                {"output_type":"pyerr","ename":"E","evalue":"v","traceback":[]},{"output_type":"display_data","png":"AAAA","metadata":{}}]}]},
             {"cells":[{"cell_type":"raw","metadata":{},"source":"r"}]}]}
            """, "a.ipynb");
        Assert.Equal([(CellKind.Markdown, "## A title"), (CellKind.Code, "1 +\n1"), (CellKind.Raw, "r")], notebook.Cells.Select(c => (c.Kind, c.Source)));
        Assert.Equal(7, notebook.Cells[1].ExecutionCount);
        Assert.Equal([
            """{"output_type":"execute_result","data":{"text/plain":["2"],"text/html":"\u003Cb\u003E2\u003C/b\u003E"},"metadata":{},"execution_count":7}""",
            """{"output_type":"stream","name":"stderr","text":["e"]}""",
            """{"output_type":"error","ename":"E","evalue":"v","traceback":[]}""",
            """{"output_type":"display_data","data":{"image/png":"AAAA"},"metadata":{}}"""], notebook.Cells[1].Outputs.Select(o => o.ToJsonString()));
    }

    [Fact]
    public void ALanguageThatOnlyTheNotebookKnows_StaysOnItsWay()
    {
        var notebook = Cell("\"metadata\":{\"polyglot_notebook\":{\"kernelName\":\"sql-MyDb\"}},\"source\":\"SELECT 1\"");
        Assert.Equal("#!sql-MyDb\nSELECT 1", notebook.Cells[0].Source);
        Assert.Contains("\n#!sql-MyDb\n\nSELECT 1\n", Dib.Format(notebook));
        var again = Ipynb.Format(Dib.Parse(Dib.Format(notebook)));
        Assert.Contains("\"kernelName\": \"sql-MyDb\"", again);
        Assert.DoesNotContain("#!sql-MyDb", again);
        Assert.Contains("\"kernelspec\"", again);
        var ofAll = Ipynb.Format(Cell("\"id\":\"a\"", "{\"kernelspec\":{\"language\":\"bash\"}}"));
        Assert.DoesNotContain("#!bash", ofAll);
        Assert.Equal("#!bash\n1", Ipynb.Parse(ofAll, "a.ipynb").Cells[0].Source);
    }

    [Fact]
    public void ADib_NamesItsLanguagesItself()
    {
        var notebook = Dib.Parse("#!meta\n\n{\"kernelInfo\":{\"defaultKernelName\":\"fsharp\",\"items\":[{\"name\":\"mine\",\"aliases\":[\"m\"]}]}}\n\nlet x = 1\n\n#!mine\n\na\n\n#!m\n\nb\n\n#!md\n\n# c\n\n#!csharp\n\n#!other\n1\n");
        Assert.Equal([(CellKind.Code, "#!fsharp\nlet x = 1"), (CellKind.Code, "#!mine\na"), (CellKind.Code, "#!m\nb"), (CellKind.Markdown, "# c"), (CellKind.Code, "#!other\n1")],
            notebook.Cells.Select(c => (c.Kind, c.Source)));
    }

    [Fact]
    public void TwoCellsOfOneId_GetTwo()
    {
        var cells = new NotebookCell[] { new(CellKind.Code, "1") { Id = "a" }, new(CellKind.Code, "2") { Id = "a" } };
        Assert.Equal(2, Ipynb.Parse(Ipynb.Format(new(cells)), "a.ipynb").Cells.Select(c => c.Id).Distinct().Count());
    }

    private const string FSharp = "\"metadata\":{\"dotnet_interactive\":{\"language\":\"fsharp\"},\"polyglot_notebook\":{\"kernelName\":\"fsharp\"}},\"source\":\"let x = 5\"";

    [Fact]
    public void ALanguage_StaysOnItsWayThroughTheFormats()
    {
        var notebook = Cell(FSharp);
        Assert.Equal("#!fsharp\nlet x = 5", notebook.Cells[0].Source);
        Assert.Contains("\n#!fsharp\n\nlet x = 5\n", Dib.Format(notebook));
        var again = Ipynb.Format(Dib.Parse(Dib.Format(notebook)));
        Assert.Contains("\"kernelName\": \"fsharp\"", again);
        Assert.DoesNotContain("#!fsharp", again);
        Assert.Equal(notebook.Cells[0].Source, Ipynb.Parse(again, "a.ipynb").Cells[0].Source);
        Assert.Contains("// %% #!fsharp\nlet x = 5", PercentScript.Format(notebook));
    }

    [Theory]
    [InlineData("{\"kernelspec\":{\"name\":\".net-fsharp\",\"language\":\"F#\"}}", "#!fsharp\n1")]
    [InlineData("{\"kernelspec\":{\"name\":\"python3\",\"language\":\"python\"}}", "#!python\n1")]
    [InlineData("{\"kernelspec\":{\"name\":\".net-csharp\",\"language\":\"C#\"}}", "1")]
    [InlineData("{\"polyglot_notebook\":{\"kernelInfo\":{\"defaultKernelName\":\"fsharp\"}},\"kernelspec\":{\"language\":\"C#\"}}", "#!fsharp\n1")]
    [InlineData("{\"language_info\":{\"name\":\"julia\"}}", "#!julia\n1")]
    [InlineData("{}", "1")]
    public void ANotebooksLanguage_IsThatOfItsCells(string metadata, string source)
        => Assert.Equal(source, Cell("\"id\":\"a\"", metadata).Cells[0].Source);

    [Theory]
    [InlineData("// %%\n1", true)]
    [InlineData("1\n// %% title\n2", true)]
    [InlineData("// %%%%%%%%\n// settings\n// %%%%%%%%\n1", false)]
    [InlineData("var s = @\"\n// %%\n\";", false)]
    [InlineData("var s = \"\"\"\n    a\n// %%\n\"\"\";", false)]
    [InlineData("/*\n// %%\n*/", false)]
    [InlineData("var s = \"x\"; /* y */\n// %%\n2", true)]
    [InlineData("  // %%\n1", false)]
    [InlineData("/* open\n// %%\n1", true)]
    [InlineData("var s = \"\"\"\n// %%\n1", true)]
    public void OnlyAMarker_BeginsACell(string script, bool isNotebook)
        => Assert.Equal(isNotebook, PercentScript.HasCells(script));
}
