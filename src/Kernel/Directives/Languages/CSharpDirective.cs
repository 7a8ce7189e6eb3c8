using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Directives;

/// <summary><c>#!csharp</c>, as cells of Polyglot Notebooks may begin: the cell as it stands.</summary>
internal sealed class CSharpDirective(string name) : IDirective
{
    public string Name => name;
    public string Help => $"#!{name}: the lines below are C#, as those of every cell";
    public bool IsListed => false;

    public async Task<object?> Run(DirectiveCall call, CancellationToken cancellationToken)
    {
        call.RefuseArguments();
        if (string.IsNullOrWhiteSpace(call.Body)) return null;
        // What stands below may itself begin with a directive, whose line then is the second one.
        var result = await call.RunCode(call.Body.TrimStart().StartsWith("#!", StringComparison.Ordinal) ? call.Body
            : "\n" + call.Body);
        return result.Error is null ? result.Value : throw result.Error;
    }
}
