using System.Runtime.Loader;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Tests.Scripting;

/// <summary>A cell that runs once more as it stands: compiled and loaded once, and everything in it is made anew.</summary>
[Collection(ProcessWide.Name)]
public sealed class RepeatedCellTests
{
    private static async Task<object?> Value(ScriptSession session, string code)
        => (await session.RunAsync(code, "cell")) is { Error: null } r ? r.Value
        : throw new InvalidOperationException(code);

    // Those of cells that the runtime never lets go of again.
    private static int Loaded()
        => AssemblyLoadContext.All.Where(c => !c.IsCollectible).Sum(c => c.Assemblies.Count(a => a.GetName().Name!.StartsWith('\u211B')));

    [Theory]
    [InlineData("var v = 1; v++; v", 2)]
    [InlineData("int Twice(int x) => 2 * x; Twice(4)", 8)]
    [InlineData("var list = new List<int>(); for (var i = 0; i < 3; i++) list.Add(i); int Sum() => list.Sum(); Sum()", 3)]
    [InlineData("foreach (var c in \"abc\") first += c; first.Length", null)]
    public async Task NothingIsLoadedTwice(string code, int? value)
    {
        using var session = new ScriptSession();
        await Value(session, "var first = \"\";");
        await Value(session, code);
        var before = Loaded();
        for (var i = 2; i < 20; i++)
        {
            Assert.Equal(value ?? 3 * i, await Value(session, code));
            await Value(session, "first.Length"); // a cell that gives nothing, in between
        }
        Assert.Equal(before, Loaded());
    }

    [Theory]
    [InlineData("static int c = 0; c++; c", 1)]
    [InlineData("class K { public static int N; } K.N++; K.N", 1)]
    [InlineData("static class S { public static List<int> L = []; } S.L.Add(1); S.L.Count", 1)]
    [InlineData("const int C = 4; C", 4)]
    [InlineData("static readonly int R = 5; R", 5)]
    [InlineData("readonly int r = 6; r", 6)]
    [InlineData("using var m = new MemoryStream(); m.WriteByte(1); (int)m.Length", 1)]
    [InlineData("int x = 1; Func<int> f = () => x; x += 4; f()", 5)]
    public async Task EachRun_MakesEverythingAnew(string code, int value)
    {
        using var session = new ScriptSession();
        for (var i = 0; i < 3; i++) Assert.Equal(value, await Value(session, code));
    }

    [Fact]
    public async Task ACellThatOthersFollowed_SeesWhatTheyDefined()
    {
        using var session = new ScriptSession();
        await Value(session, "int F() => 1; F()");
        await Value(session, "int G() => 10 * F(); G()");
        await Value(session, "int F() => 2; F()");
        Assert.Equal(10, await Value(session, "G()"));
        Assert.Equal(20, await Value(session, "int G() => 10 * F(); G()"));
        await Value(session, "var v = 1; int H() => v;");
        await Value(session, "v = 5;");
        await Value(session, "var v = 1; int H() => v;");
        Assert.Equal(1, await Value(session, "H()"));
        await Value(session, "v = 5;");
        Assert.Equal(5, await Value(session, "H()"));
    }

    [Fact]
    public async Task Errors_NameTheCellThatRan()
    {
        using var session = new ScriptSession();
        const string Code = "int Inverse(int n)\n{\n  return 1 / n;\n}\nInverse(0)";
        foreach (var name in new[] { "cell-1", "cell-2" })
        {
            var error = (await session.RunAsync(Code, name)).Error!;
            Assert.Equal([$"   at Inverse in {name}:line 3", $"   at (top level) in {name}:line 5"], ScriptTrace.Format(error).Split('\n').Skip(1).Take(2));
        }
    }
}
