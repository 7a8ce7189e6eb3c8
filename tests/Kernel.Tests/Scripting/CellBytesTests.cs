using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Tests.Scripting;

/// <summary>What a cell leaves in memory for good, because .NET gives no assembly back: its image, in whole pages, and its symbols.</summary>
public sealed class CellBytesTests
{
    // The cell of docs/robustness.md.
    private const string Cell = "var block = new byte[1 << 20]; int Twice(int x) => 2 * x; "
        + "var sum = Enumerable.Range(0, 3).Select(x => Twice(x) + block.Length).Sum(x => (long)x); sum";

    [Fact]
    public void AnImageOfAFunctionALambdaAndAValue_IsTwoPages_AndItsSymbolsListNoReferences()
    {
        var compiler = new ScriptCompiler(typeof(ScriptGlobals), Path.GetTempPath(), imports: HostReferences.ImportsOfCells);
        var packages = new Dictionary<string, string>();
        var (first, _) = compiler.CompileInterruptible(Cell, "cell-1", 1, null, HostReferences.All, packages);
        var (_, second) = compiler.CompileInterruptible(Cell, "cell-2", 2, first, [], packages);

        Assert.InRange(second.Image.Length, 1, 2 * 4096);
        Assert.InRange(second.Symbols.Length, 1, 2048);
    }
}
