using System.Text.Json;
using Interactive.Extensions.Display;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Directives;

/// <summary>
/// A directive that runs one of the engine's commands in a process of its own, and shows what it prints as a figure and
/// a table.
/// </summary>
/// <param name="command">The words that begin its command line.</param>
/// <param name="example">Arguments that work.</param>
/// <param name="format">Makes what is shown.</param>
internal sealed class EngineDirective(string name, string[] command, string example, string what,
    Func<JsonElement, MimeBundle> format) : IDirective
{
    public string Name => name;
    public string Help => $"#!{name} {example}: {what} (all options: interactive {string.Join(' ', command)} --help)";

    public async Task<object?> Run(DirectiveCall call, CancellationToken cancellationToken)
    {
        if (!string.IsNullOrWhiteSpace(call.Body)) throw new UsageException($"#!{name} stands alone in its cell");
        if (call.Arguments.Count == 0) throw new UsageException($"#!{name} needs options, such as #!{name} {example}");
        return format(await ToolRun.Json([.. command, .. call.Arguments],
            [DotnetProgram.Path, typeof(EngineDirective).Assembly.Location], cancellationToken));
    }
}
