using Interactive.Extensions.Display;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Directives;

/// <summary><c>#!who</c> and <c>#!whos</c>: the variables there are, the second with types and values.</summary>
internal sealed class VariablesDirective(string name) : IDirective
{
    public string Name => name;
    public string Help
        => $"#!{name}: the variables that cells have defined{(name == "whos" ? ", with types and values" : "")}";
    public bool IsListed => false;

    public Task<object?> Run(DirectiveCall call, CancellationToken cancellationToken)
    {
        var variables = call.Session.Variables.OrderBy(v => v.Key, StringComparer.Ordinal).ToList();
        return Task.FromResult<object?>(name == "who" ? string.Join('\n', variables.Select(v => v.Key))
            : new Table(["Variable", "Type", "Value"],
            [.. variables
            .Select(v => (IReadOnlyList<string>)[v.Key, v.Value is null ? "" : ScriptTrace.Name(v.Value.GetType()),
            Short(Formatters.Format(v.Value).Text)])]));
    }

    private static string Short(string text)
        => text.ReplaceLineEndings(" ") is var line && line.Length > 100 ? line[..100] + "…" : line;
}
