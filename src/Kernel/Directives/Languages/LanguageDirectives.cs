using Interactive.Extensions.Display;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Directives;

/// <summary>The languages that a cell of a Polyglot Notebook may name on its first line.</summary>
internal static class LanguageDirectives
{
    private static readonly (string Name, string Language)[] others =
    [
        ("fsharp", "F#"), ("f#", "F#"), ("pwsh", "PowerShell"), ("powershell", "PowerShell"), ("sql", "SQL"), ("kql", "KQL"), ("http", "HTTP"), ("httprequest", "HTTP"),
        ("mermaid", "Mermaid"), ("python", "Python"), ("r", "R"), ("julia", "Julia"),
    ];

    /// <summary>Adds them to a session's.</summary>
    public static void AddTo(DirectiveRegistry registry)
    {
        foreach (var name in new[] { "csharp", "c#" }) registry.Add(new CSharpDirective(name));
        registry.Add(new MarkupDirective("html", Mime.Html, text => text)).Add(new MarkupDirective("markdown", "text/markdown", text => text));
        foreach (var name in new[] { "javascript", "js" }) registry.Add(new MarkupDirective(name, Mime.Html, text => $"<script>{text.Replace("</script", "<\\/script", StringComparison.OrdinalIgnoreCase)}</script>"));
        foreach (var (name, language) in others) registry.Add(new OtherLanguageDirective(name, language));
    }
}
