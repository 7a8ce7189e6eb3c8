using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Directives;

/// <summary>
/// <c>#!shared</c>: its cell runs here, and on the ranks of every later <c>#!mpirun</c> before that one's cell. For the
/// imports, functions and classes that both need.
/// </summary>
internal sealed class SharedDirective : IDirective
{
    private readonly List<RankCell> cells = [];

    public string Name => "shared";
    public string Help => "#!shared: runs its cell here, and on the ranks of every later #!mpirun first";

    /// <summary>What ranks run first, in order. A later cell may define anew what an earlier one did.</summary>
    public IReadOnlyList<RankCell> Cells => cells;

    public async Task<object?> Run(DirectiveCall call, CancellationToken cancellationToken)
    {
        if (call.Arguments.Count > 0)
            throw new UsageException($"#!shared takes no arguments, got '{call.Arguments[0]}'");
        var result = await call.RunBody();
        if (result.Error is not null) throw result.Error;
        cells.RemoveAll(c => c.Code == "\n" + call.Body);
        cells.Add(new(call.CellName, "\n" + call.Body));
        return result.Value;
    }
}
