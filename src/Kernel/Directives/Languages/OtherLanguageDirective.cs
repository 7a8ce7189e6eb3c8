using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Directives;

/// <summary>
/// A cell of a Polyglot Notebook in a language that is not spoken here: it is kept, named, and not run.
/// </summary>
internal sealed class OtherLanguageDirective(string name, string language) : IDirective
{
    public string Name => name;
    public string Help => $"#!{name}: a cell in {language}, which is kept and not run";
    public bool IsListed => false;

    public Task<object?> Run(DirectiveCall call, CancellationToken cancellationToken)
    {
        Console.Error.WriteLine($"interactive: {call.CellName} is {language}: kept, not run");
        return Task.FromResult<object?>(null);
    }
}
