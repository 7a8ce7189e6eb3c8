using Interactive.Extensions.Display;
using Interactive.Kernel.Notebooks;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Directives;

/// <summary>
/// What a cell of a Polyglot Notebook may ask for on its first line: languages, and the magic commands of its C#.
/// </summary>
internal static class LanguageDirectives
{
    private static readonly (string Name, string Language)[] others =
    [
        ("fsharp", "F#"), ("f#", "F#"), ("pwsh", "PowerShell"), ("powershell", "PowerShell"), ("sql", "SQL"),
            ("kql", "KQL"), ("http", "HTTP"), ("httprequest", "HTTP"),
        ("mermaid", "Mermaid"), ("python", "Python"), ("r", "R"), ("julia", "Julia"),
    ];

    /// <summary>Adds them to a session's.</summary>
    public static void AddTo(DirectiveRegistry registry)
    {
        foreach (var name in new[] { "csharp", "c#" }) registry.Add(new CSharpDirective(name));
        registry.Add(new MarkupDirective("html", Mime.Html, text => text));
        foreach (var name in new[] { "markdown", "md" })
            registry.Add(new MarkupDirective(name, "text/markdown", text => text));
        foreach (var name in new[] { "javascript", "js" })
            registry.Add(new MarkupDirective(name, Mime.Html,
            text => $"<script>{text.Replace("</script", "<\\/script", StringComparison.OrdinalIgnoreCase)}</script>"));
        registry.Add(new TimeDirective()).Add(new ImportDirective()).Add(new ShareDirective())
            .Add(new ValueDirective("set")).Add(new ValueDirective("value")).Add(new VariablesDirective("who"))
            .Add(new VariablesDirective("whos"));
        foreach (var (name, language) in others) registry.Add(new OtherLanguageDirective(name, language));
    }

    /// <summary>Adds those that the cells of a notebook name and nobody knows: connections to data bases, say.</summary>
    public static void AddTo(DirectiveRegistry registry, IEnumerable<string?> ofCells)
    {
        foreach (var name in ofCells.OfType<string>().Where(n => CellLanguage.Find(n) is null && !registry.Has(n)).Distinct())
            registry.Add(new OtherLanguageDirective(name, name));
    }
}
