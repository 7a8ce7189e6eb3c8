using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Interactive.Kernel.Notebooks;

/// <summary>
/// The language of a cell. Polyglot Notebooks note it in the metadata of an .ipynb and in the heads of a .dib; here a
/// cell in another language than C# begins with a line <c>#!name</c>.
/// </summary>
internal static partial class CellLanguage
{
    /// <summary>The language of cells that say nothing.</summary>
    public const string CSharp = "csharp";

    // In lower case, with what .NET Interactive calls them besides.
    private static readonly Dictionary<string, string> names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["csharp"] = CSharp, ["c#"] = CSharp, [".net-csharp"] = CSharp, ["interactive"] =
            CSharp, ["dotnet-interactive.csharp"] = CSharp,
        ["fsharp"] = "fsharp", ["f#"] = "fsharp", [".net-fsharp"] = "fsharp", ["dotnet-interactive.fsharp"] = "fsharp",
        ["pwsh"] = "pwsh", ["powershell"] = "pwsh", [".net-pwsh"] = "pwsh", ["dotnet-interactive.pwsh"] = "pwsh",
        ["javascript"] = "javascript", ["js"] = "javascript", ["html"] = "html", ["mermaid"] = "mermaid", ["sql"] =
            "sql", ["kql"] = "kql", ["http"] = "http", ["httprequest"] = "http",
        ["value"] = "value", ["python"] = "python", ["python3"] = "python", ["r"] = "r", ["ir"] = "r", ["julia"] =
            "julia", ["markdown"] = "markdown", ["md"] = "markdown",
    };

    [GeneratedRegex(@"^#!([A-Za-z#.+-]+)[ \t]*(?:\n|$)")]
    private static partial Regex Head();

    /// <summary>A language by any of its names; null for a word that names none.</summary>
    public static string? Find(string name) => names.GetValueOrDefault(name);

    /// <summary>What a cell's own metadata names; null where it names nothing.</summary>
    public static string? OfCell(JsonObject? metadata) =>
        Text(metadata?["polyglot_notebook"], "kernelName")
            ?? Text(metadata?["dotnet_interactive"], "language") ?? Text(metadata?["vscode"], "languageId");

    /// <summary>What cells of a notebook are in that say nothing themselves.</summary>
    public static string OfNotebook(JsonObject? metadata) =>
        Text(metadata?["polyglot_notebook"]?["kernelInfo"], "defaultKernelName")
            ?? (metadata?["kernelspec"] is { } spec ? Text(spec, "language") ?? Text(spec, "name") : null)
            ?? Text(metadata?["language_info"], "name") ?? CSharp;

    /// <summary>A cell's source with the line that names its language, where that is not C#.</summary>
    public static string Mark(string source, string language)
        => language == CSharp || IsHead(source) ? source : $"#!{language}\n{source}";

    /// <summary>
    /// The language of a cell and its source without the line that names it; C# with the whole source where no line
    /// does, or two do.
    /// </summary>
    public static (string Language, string Source) Split(string source) =>
        Named(source) is { Language: not CSharp } named && Named(named.Source).Language == CSharp
            && !IsHead(named.Source) ? named : (CSharp, source);

    /// <summary>
    /// The same for a cell whose metadata, or whose notebook, may name a language that is not known here: that of a
    /// connection, say.
    /// </summary>
    /// <param name="ofNotebook">What cells are in that say nothing themselves.</param>
    public static (string Language, string Source) Split(string source, JsonObject? metadata, string ofNotebook)
        => (OfCell(metadata) ?? ofNotebook) is var own && Find(own) is null
        && source.StartsWith($"#!{own}\n", StringComparison.Ordinal) ? (own, source[(own.Length + 3)..]) : Split(source);

    private static bool IsHead(string source)
        => Head().Match(source) is { Success: true } head && Find(head.Groups[1].Value) is not null;

    private static (string Language, string Source) Named(string source) =>
        Head().Match(source) is { Success: true } head && Find(head.Groups[1].Value) is { } language
            && language is not (CSharp or "markdown") && head.Value.EndsWith('\n') ? (language, source[head.Length..])
            : (CSharp, source);

    /// <summary>A cell's metadata with its language, as Polyglot Notebooks note it.</summary>
    public static JsonObject Note(JsonObject metadata, string language)
    {
        if (language == CSharp || OfCell(metadata) == language) return metadata;
        metadata["dotnet_interactive"] = new JsonObject { ["language"] = language };
        metadata["polyglot_notebook"] = new JsonObject { ["kernelName"] = language };
        return metadata;
    }

    private static string? Text(JsonNode? node, string name) =>
        node is JsonObject members && members[name] is JsonValue value && value.TryGetValue<string>(out var text)
            && text.Length > 0 ? Find(text) ?? text : null;
}
