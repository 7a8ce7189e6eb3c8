using Interactive.Extensions.Display;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Directives;

/// <summary><c>#!help</c>: the directives there are.</summary>
internal sealed class HelpDirective(DirectiveRegistry registry) : IDirective
{
    public string Name => "help";
    public string Help => "#!help: lists the directives; they stand on a cell's first line";

    public Task<object?> Run(DirectiveCall call, CancellationToken cancellationToken)
    {
        if (call.Arguments.Count > 0) throw new UsageException($"#!help takes no arguments, got '{call.Arguments[0]}'");
        return Task.FromResult<object?>(new Table(["directive", "what it does"], [.. registry.All.Select(d => (IReadOnlyList<string>)Split(d.Help))]));
    }

    private static string[] Split(string help) => help.IndexOf(": ", StringComparison.Ordinal) is > 0 and var at ? [help[..at], help[(at + 2)..]] : [help, ""];
}
