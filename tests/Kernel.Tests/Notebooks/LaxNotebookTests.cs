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
    [InlineData("{\"nbformat\":4,\"cells\":[{}]}")]
    [InlineData("{\"nbformat\":\"4\",\"cells\":[]}")]
    [InlineData("{\"nbformat\":3,\"worksheets\":[]}")]
    public void WhatIsNoNotebook_IsOneLine(string text)
        => Assert.DoesNotContain('\n', Assert.Throws<UsageException>(() => Ipynb.Parse(text, "a.ipynb")).Message);

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
    public void OnlyAMarker_BeginsACell(string script, bool isNotebook)
        => Assert.Equal(isNotebook, PercentScript.HasCells(script));
}
