using System.Text;
using System.Text.Json.Nodes;

namespace Interactive.Kernel.Notebooks;

/// <summary>
/// A list of cells, in any of the three forms in which it is kept: .ipynb, a .csx in percent format, .dib.
/// </summary>
/// <param name="Cells">In order.</param>
public sealed record Notebook(IReadOnlyList<NotebookCell> Cells)
{
    /// <summary>The extensions of files that hold notebooks.</summary>
    public const string Extensions = ".ipynb, .csx or .dib";

    /// <summary>What an .ipynb notes about the whole notebook.</summary>
    public JsonObject? Metadata { get; init; }

    /// <summary>Reads a file in the form that its extension names.</summary>
    /// <exception cref="UsageException">No such file, another extension, or not a notebook.</exception>
    public static Notebook Read(string path)
    {
        var format = FormatOf(path);
        if (!File.Exists(path)) throw new UsageException($"no file {path}");
        var text = File.ReadAllText(path);
        return format switch
        {
            ".ipynb" => Ipynb.Parse(text, path),
            ".csx" => PercentScript.Parse(text),
            _ => Dib.Parse(text)
        };
    }

    /// <summary>Writes a file in the form that its extension names. Only .ipynb keeps outputs.</summary>
    /// <exception cref="UsageException">Another extension.</exception>
    public void Write(string path)
    {
        var text = FormatOf(path) switch
        {
            ".ipynb" => Ipynb.Format(this),
            ".csx" => PercentScript.Format(this),
            _ => Dib.Format(this)
        };
        File.WriteAllText(path, text, new UTF8Encoding(false));
    }

    private static string FormatOf(string path)
        => Path.GetExtension(path).ToLowerInvariant() is ".ipynb" or ".csx" or ".dib"
        ? Path.GetExtension(path).ToLowerInvariant()
        : throw new UsageException($"{path}: a notebook is kept as {Extensions}");

    /// <summary>
    /// Lines ended by <c>\r\n</c> throughout are those of another system; a mixture is the author's own.
    /// </summary>
    internal static string[] Lines(string text)
    {
        if (text.StartsWith('\uFEFF')) text = text[1..];
        var ends = text.Count(c => c == '\n');
        if (ends > 0 && text.Split("\r\n").Length - 1 == ends) text = text.Replace("\r\n", "\n");
        return (text.EndsWith('\n') ? text[..^1] : text).Split('\n');
    }
}
