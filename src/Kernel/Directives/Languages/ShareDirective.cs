using Interactive.Kernel.Scripting;
using Microsoft.CodeAnalysis.CSharp;

namespace Interactive.Kernel.Directives;

/// <summary>
/// <c>#!share --from csharp X [--as Y]</c>, with which Polyglot Notebooks take a variable from another language. Here
/// all cells that run are C#: the variable is there, and gets the second name where one is given.
/// </summary>
internal sealed class ShareDirective : IDirective
{
    public string Name => "share";
    public string Help => "#!share --from csharp VARIABLE [--as NAME]: a variable, by another name where one is given; then the lines below";
    public bool IsListed => false;

    public async Task<object?> Run(DirectiveCall call, CancellationToken cancellationToken)
    {
        var (variable, from, other) = Read(call.Arguments);
        if (variable is null || from is null) throw new UsageException(Help);
        if (from is not ("csharp" or "c#" or "C#" or "value" or ".NET")) throw new UsageException($"#!share --from {from}: variables come from csharp and value, {from} is not run here");
        foreach (var name in new[] { variable, other ?? variable })
            if (!SyntaxFacts.IsValidIdentifier(name))
                throw new UsageException($"#!share {name}: no name of a variable");
        if (!call.Session.Variables.ContainsKey(variable))
            throw new UsageException($"#!share {variable}: no cell has defined it");
        var result = await call.RunCode($"{(other is null || other == variable ? "" : $"var {other} = {variable};")}\n{call.Body}");
        return result.Error is null ? result.Value : throw result.Error;
    }

    private static (string? Variable, string? From, string? As) Read(IReadOnlyList<string> words)
    {
        string? variable = null, from = null, other = null;
        for (var i = 0; i < words.Count; i++)
        {
            var value = i + 1 < words.Count ? words[i + 1] : null;
            switch (words[i])
            {
                case "--from": from = value; i++; break;
                case "--as": other = value; i++; break;
                case "--name": variable = value; i++; break;
                case "--mime-type": i++; break; // a value is handed over as it is
                case var word when variable is null && !word.StartsWith('-'): variable = word; break;
                default: throw new UsageException($"#!share does not take {words[i]}");
            }
        }
        return (variable, from, other);
    }
}
