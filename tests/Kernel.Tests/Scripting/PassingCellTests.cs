using System.Runtime.Loader;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Tests.Scripting;

/// <summary>Cells that give nothing to later ones and run once are taken back by the runtime, but not while they run.</summary>
public sealed class PassingCellTests
{
    [Fact]
    public async Task CellsThatDefineNothing_AreUnloaded()
    {
        using var session = new ScriptSession();
        await Run(session, "var total = 0; int Twice(int x) => 2 * x;");
        var contexts = new List<WeakReference>();
        for (var i = 0; i < 20; i++) contexts.Add(await Context(session, $"total += Twice({i}); System.Reflection.Assembly.GetExecutingAssembly()"));
        await Run(session, "total"); // the last one's value is let go of
        for (var i = 0; i < 10 && contexts.Exists(c => c.IsAlive); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.DoesNotContain(contexts, c => c.IsAlive);
        Assert.Equal(380, await Run(session, "total"));
    }

    [Fact]
    public async Task WhatSuchACellHasBegun_GoesOn()
    {
        using var session = new ScriptSession();
        await Run(session, "var seen = new List<int>(); Func<int, int> keep = null; int Twice(int x) => 2 * x; var gate = new TaskCompletionSource();");
        await Run(session, "keep = Twice;");
        var waiting = session.RunAsync("seen.Add(1); await gate.Task; seen.Add(Twice(1)); seen.Count", "waits");
        for (var i = 0; i < 5; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        ((TaskCompletionSource)session.Variables["gate"]!).SetResult();
        Assert.Equal(2, (await waiting).Value);
        Assert.Equal(14, await Run(session, "keep(7)"));
    }

    [Theory]
    [InlineData("total = 1;", true)]
    [InlineData("for (var i = 0; i < 3; i++) total += i;", false)]
    [InlineData("new[] { 1 }.Select(x => x + total).Sum();", false)]
    [InlineData("var more = 1;", false)]
    [InlineData("using System.Text;", false)]
    public void ALoopAFunctionAndADefinition_MakeACellStay(string code, bool isPassing)
    {
        var compiler = new ScriptCompiler(typeof(ScriptGlobals), Path.GetTempPath(), imports: HostReferences.ImportsOfCells);
        var packages = new Dictionary<string, string>();
        var (first, _) = compiler.CompileInterruptible("var total = 0;", "cell-1", 1, null, HostReferences.All, packages);
        Assert.Equal(isPassing, compiler.CompileInterruptible(code, "cell-2", 2, first, [], packages).Submission.IsPassing);
    }

    [Fact]
    public async Task ATypeOfACell_StaysWhereAssembliesEmittedLaterCanReferToIt()
    {
        using var session = new ScriptSession();
        var kind = (Type)(await Run(session, "public record Point(int X); typeof(Point)"))!;
        Assert.False(kind.IsCollectible);
    }

    private static async Task<object?> Run(ScriptSession session, string code)
    {
        var result = await session.RunAsync(code, "cell");
        Assert.Null(result.Error);
        return result.Value;
    }

    private static async Task<WeakReference> Context(ScriptSession session, string code)
    {
        var assembly = (System.Reflection.Assembly)(await Run(session, code))!;
        Assert.True(assembly.IsCollectible);
        return new(AssemblyLoadContext.GetLoadContext(assembly));
    }
}
