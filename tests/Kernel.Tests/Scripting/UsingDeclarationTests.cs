using Interactive.Kernel.Scripting;
using Interactive.Kernel.Tests.Hosting;

namespace Interactive.Kernel.Tests.Scripting;

/// <summary><c>using var</c> at the top level of scripts and cells.</summary>
public class UsingDeclarationTests
{
    private const string Type = "class D(string name) : IDisposable, IAsyncDisposable\n{\n"
        + "    public void Dispose() => WriteLine(\"end of \" + name);\n    public ValueTask DisposeAsync() { WriteLine(\"async end of \" + name); return default; }\n}\n";

    private static async Task<(int ExitCode, string Output, string Errors)> Script(string code)
    {
        using var folder = new TemporaryFolder();
        return await InteractiveProcess.Run("run", folder.Write("s.csx", code));
    }

    [Fact]
    public async Task InAScript_AllEndInReverse_AfterTheLastLine()
    {
        var (exitCode, output, errors) = await Script(Type + "using var a = new D(\"a\");\nawait using D b = new(\"b\"), c = new(\"c\");\nWriteLine(\"last line\");");
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Equal("last line\nasync end of c\nasync end of b\nend of a\n", output);
    }

    [Fact]
    public async Task InAScriptThatThrows_AllEnd_AndLinesAreAsWritten()
    {
        var (exitCode, output, errors) = await Script("using var w = new StreamWriter(Console.OpenStandardOutput());\nw.Write(\"kept\");\nusing (var s = new MemoryStream()) { }\nthrow new Exception(\"no\");");
        Assert.Equal((1, "kept"), (exitCode, output));
        Assert.Contains("s.csx:line 4", errors);
    }

    [Fact]
    public async Task WhatIsNotDisposable_IsNamedByTheCompiler()
    {
        var (exitCode, _, errors) = await Script("\nusing var x = 3;");
        Assert.Equal(1, exitCode);
        Assert.Contains("s.csx(2,", errors);
        Assert.Contains("cannot convert from 'int' to 'System.IDisposable", errors);
    }

    [Fact]
    public async Task InALoadedFile_TheSame()
    {
        using var folder = new TemporaryFolder();
        folder.Write("inner.csx", Type + "using var inner = new D(\"inner\");");
        var (exitCode, output, errors) = await InteractiveProcess.Run("run", folder.Write("outer.csx", "#load \"inner.csx\"\nWriteLine(inner is not null);"));
        Assert.Equal((0, "", "True\nend of inner\n"), (exitCode, errors, output));
    }

    [Fact]
    public async Task InCells_ItLivesOn_UntilDeclaredAnewOrTheSessionEnds()
    {
        using var session = new ScriptSession();
        await Done("class D : IDisposable { public static int Ended; public void Dispose() => Ended++; }");
        await Done("using var d = new D(); var first = d;");
        Assert.Equal(0, await Done("D.Ended"));
        await Done("using var d = new D();");
        Assert.Equal(1, await Done("D.Ended"));
        Assert.Equal(false, await Done("ReferenceEquals(d, first)"));
        var ended = (Func<int>)(await Done("(Func<int>)(() => D.Ended)"))!;
        session.Dispose();
        Assert.Equal(2, ended());

        async Task<object?> Done(string code)
        {
            var result = await session.RunAsync(code, "cell");
            Assert.Null(result.Error);
            return result.Value;
        }
    }

    [Theory]
    [InlineData("using System.Text;\nusing X = System.String;\nX y = \"\";")]
    [InlineData("using static System.Math;\nvar x = 1;")]
    [InlineData("void F() { using var s = new System.IO.MemoryStream(); }")]
    [InlineData("using (var s = new System.IO.MemoryStream()) { }")]
    [InlineData("var text = \"using var x = 3;\"; // using var y = 4;")]
    public void OtherUses_StayAsTheyAre(string code) => Assert.Equal(code, UsingDeclarations.Write(code, keeps: true));

    [Fact]
    public async Task Completion_BehindADeclaration_IsAtItsPlace()
    {
        using var session = new ScriptSession();
        const string Code = "using var s = new MemoryStream(); s.Wri";
        var items = await session.CompleteAsync(Code, Code.Length);
        Assert.Contains(items, i => i.Text == "WriteByte");
        Assert.DoesNotContain(await session.CompleteAsync("Dispose", 7), i => i.Text.StartsWith("DisposeA", StringComparison.Ordinal));
    }
}
