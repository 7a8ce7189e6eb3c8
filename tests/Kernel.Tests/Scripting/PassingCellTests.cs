using System.Runtime.Loader;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Tests.Scripting;

/// <summary>Cells that give nothing to later ones are taken back by the runtime, but not while their code can run.</summary>
public sealed class PassingCellTests
{
    [Fact]
    public async Task CellsThatDefineNothing_AreUnloaded()
    {
        using var session = new ScriptSession();
        await Run(session, "var total = 0; int Twice(int x) => 2 * x;");
        var contexts = new List<WeakReference>();
        for (var i = 0; i < 20; i++)
            contexts.Add(await Context(session, "total += new[] { 1, 2 }.Select(x => Twice(x)).Sum(); (object)(() => 1)"));
        await Run(session, "total"); // the last one's value is let go of
        for (var i = 0; i < 10 && contexts.Exists(c => c.IsAlive); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.DoesNotContain(contexts, c => c.IsAlive);
        Assert.Equal(120, await Run(session, "total"));
    }

    [Fact]
    public async Task WhatSuchACellHasStarted_GoesOn()
    {
        using var session = new ScriptSession();
        await Run(session, "var seen = new List<int>(); Func<int, int> keep = null; int Twice(int x) => 2 * x;");
        await Run(session, "keep = x => { int Inner(int y) => Twice(y) + 1; return Inner(x); };");
        await Run(session, "_ = Task.Run(async () => { for (var i = 0; i < 3; i++) { await Task.Delay(20); lock (seen) seen.Add(i); } });");
        for (var i = 0; i < 5; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Run(session, "GC.KeepAlive(1);");
        }
        Assert.Equal(15, await Run(session, "keep(7)"));
        await Run(session, "while (true) { lock (seen) if (seen.Count == 3) break; await Task.Delay(10); }");
        Assert.Equal("0 1 2", await Run(session, "string.Join(' ', seen)"));
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
        var value = (Delegate)(await Run(session, code))!;
        Assert.True(value.Method.Module.Assembly.IsCollectible);
        return new(AssemblyLoadContext.GetLoadContext(value.Method.Module.Assembly));
    }
}
