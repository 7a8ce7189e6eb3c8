using Interactive.Kernel.Scripting;
using Microsoft.CodeAnalysis.CSharp;

namespace Interactive.Kernel.Directives;

/// <summary>
/// <c>#!set --name X --value @csharp:Y</c> and <c>#!value --name X</c>, with which Polyglot Notebooks hand values
/// about: a variable with the value of another one, with the text given, or with the lines below.
/// </summary>
internal sealed class ValueDirective(string name) : IDirective
{
    public string Name => name;
    public string Help
        => name == "set" ? "#!set --name VARIABLE --value TEXT, or @csharp:OTHER for a variable's value"
        : "#!value --name VARIABLE: the lines below as a variable's text";
    public bool IsListed => false;

    public async Task<object?> Run(DirectiveCall call, CancellationToken cancellationToken)
    {
        var (variable, value) = (Option(call, "--name"), name == "set" ? Option(call, "--value") : call.Body);
        if (variable is null || value is null) throw new UsageException(Help);
        if (!SyntaxFacts.IsValidIdentifier(variable))
            throw new UsageException($"#!{name} --name {variable}: no name of a variable");
        var result =
            await call.RunCode($"var {variable} = {Expression(value)};{(name == "set" ? "\n" + call.Body : "")}");
        return result.Error is null ? result.Value : throw result.Error;
    }

    private string Expression(string value)
    {
        if (name != "set" || !value.StartsWith('@') || value.IndexOf(':') is not (> 0 and var colon))
            return SymbolDisplay.FormatLiteral(value, quote: true);
        var (kernel, other) = (value[1..colon], value[(colon + 1)..]);
        if (kernel is not ("csharp" or "c#" or "value")) throw new UsageException($"#!set --value {value}: values come from csharp and value, {kernel} is not run here");
        return SyntaxFacts.IsValidIdentifier(other) ? other
            : throw new UsageException($"#!set --value {value}: no name of a variable");
    }

    private static string? Option(DirectiveCall call, string option) =>
        call.Arguments.ToList().IndexOf(option) is >= 0 and var at && at + 1 < call.Arguments.Count
            ? call.Arguments[at + 1] : null;
}
