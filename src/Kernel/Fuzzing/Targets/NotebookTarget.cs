using Interactive.Kernel.Notebooks;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>Notebooks in one of the three forms; what is read can be written in the others.</summary>
internal sealed class NotebookTarget(string form) : IFuzzTarget
{
    public string Name => form;

    public string Write(string folder)
    {
        var path = Path.Combine(folder, "notebook." + form);
        new Notebook([new(CellKind.Markdown, "# Whales\nof *all* kinds"),
            new(CellKind.Code, "var x = 1;\nx + 1") { ExecutionCount = 1, Id = "a" },
            new(CellKind.Code, "var text = @\"a\n// %% b\"; /* c\n// %% */"), new(CellKind.Code, "#!fsharp\nlet y = 2"), new(CellKind.Raw, "raw")]).Write(path);
        return path;
    }

    public void Read(string path)
    {
        var notebook = Notebook.Read(path);
        foreach (var other in (string[])["ipynb", "dib", "csx"])
            notebook.Write(Path.Combine(Path.GetDirectoryName(path)!, "copy." + other));
        if (form == "csx") _ = PercentScript.HasCells(File.ReadAllText(path));
    }
}
