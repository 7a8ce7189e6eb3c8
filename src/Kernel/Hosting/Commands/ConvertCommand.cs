using System.CommandLine;
using Interactive.Kernel.Notebooks;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive convert IN OUT</c></summary>
internal static class ConvertCommand
{
    public static Command Create()
    {
        var from = new Argument<string>("IN") { Description = $"a notebook: {Notebook.Extensions}" };
        var to = new Argument<string>("OUT")
        {
            Description = "the file to write, in the form that its extension names",
        };
        var command = new Command("convert",
            "Converts a notebook between .ipynb, a script (.csx with // %% before each cell) and .dib.") { from, to };
        command.SetAction(parsed =>
        {
            var (source, target) = (parsed.GetValue(from)!, parsed.GetValue(to)!);
            if (Path.GetFullPath(source) == Path.GetFullPath(target))
                throw new UsageException($"{target} is the input itself");
            if (Path.GetDirectoryName(Path.GetFullPath(target)) is { } folder && !Directory.Exists(folder))
                throw new UsageException($"no folder {folder}");
            Notebook.Read(source).Write(target);
            return 0;
        });
        return command;
    }
}
