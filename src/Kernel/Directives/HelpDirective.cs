using Interactive.Extensions.Display;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Directives;

/// <summary><c>#!help</c>: the directives there are.</summary>
internal sealed class HelpDirective(DirectiveRegistry registry) : IDirective
{
    public string Name => "help";
    public string Help
        => "#!help [NAME]: lists the directives, which stand on a cell's first line; #!NAME? tells of one";

    public Task<object?> Run(DirectiveCall call, CancellationToken cancellationToken)
    {
        if (call.Arguments.Count > 1) throw new UsageException($"#!help takes the name of one directive, got '{string.Join(' ', call.Arguments)}'");
        if (call.Arguments is [var name]) return Task.FromResult<object?>(registry.Find(name.TrimStart('#', '!')).Help);
        return Task.FromResult<object?>(new Table(["directive", "what it does"],
            [.. registry.All.Select(d => (IReadOnlyList<string>)Split(d.Help))]));
    }

    private static string[] Split(string help)
        => help.IndexOf(": ", StringComparison.Ordinal) is > 0 and var at ? [help[..at], help[(at + 2)..]] : [help, ""];
}
