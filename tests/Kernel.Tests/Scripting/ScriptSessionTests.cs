using System.Diagnostics;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Tests.Scripting;

[Collection(ProcessWide.Name)]
public sealed class ScriptSessionTests
{
    private static async Task<ScriptResult> Run(ScriptSession session, params string[] cells)
    {
        ScriptResult? result = null;
        for (var i = 0; i < cells.Length; i++)
        {
            Assert.True(result is null or { Status: ScriptStatus.Ok }, result?.Error?.Message);
            result = await session.RunAsync(cells[i], $"cell-{i + 1}");
        }
        return result!;
    }

    private static async Task<object?> Value(ScriptSession session, params string[] cells)
    {
        var result = await Run(session, cells);
        Assert.True(result.Status == ScriptStatus.Ok, result.Error?.ToString());
        return result.Value;
    }

    [Theory]
    [InlineData("1 + 1", true, 2)]
    [InlineData("(1 + 1).ToString();", false, null)]
    [InlineData("var x = 3;", false, null)]
    [InlineData("var x = 3; x", true, 3)]
    [InlineData("return 4;", true, 4)]
    [InlineData("WriteLine()", false, null)]
    [InlineData("(string)null", true, null)]
    [InlineData("await Task.FromResult(5)", true, 5)]
    [InlineData("int F() { return 6; } Func<int> g = () => { return 7; };", false, null)]
    [InlineData("", false, null)]
    public async Task Value_IsOfTheLastExpressionOrReturn(string code, bool hasValue, object? value)
    {
        using var session = new ScriptSession();
        var result = await Run(session, code);
        Assert.Equal((ScriptStatus.Ok, hasValue, value), (result.Status, result.HasValue, result.Value));
    }

    [Fact]
    public async Task Cells_SeeEarlierOnesAndRedefine()
    {
        using var session = new ScriptSession();
        Assert.Equal("b1", await Value(session, "using System.Globalization; var x = 1; int F() => x;", "x.ToString(CultureInfo.InvariantCulture)", "var x = \"b\";", "x + F()"));
        Assert.Equal(7, await Value(session, "class C { public int V = 7; }", "new C().V"));
        Assert.Equal(8, await Value(session, "class C { public int V = 8; }", "new C().V"));
        Assert.Equal("b", session.Variables["x"]);
    }

    [Fact]
    public async Task ADefinitionAnew_LeavesOtherNamesAlone_AfterCellsWithoutCode()
    {
        using var session = new ScriptSession();
        Assert.Equal("see5", await Value(session, "using System.Text;", "// nothing", "var b = 1;", "var c = \"see\";", "var d = 5;", "var b = 3;", "c + d"));
        Assert.Equal(3, await Value(session, "b"));
    }

    [Fact]
    public async Task CellsMadeAgain_TakeThePlaceOfTheEarlierOnes()
    {
        Assert.True(SubmissionFriends.IsKnown); // else 300 cells take the compiler minutes
        using var session = new ScriptSession();
        await Value(session, "var all = new List<Func<int>>();");
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(2 * i, await Value(session, $"var x = {i}; int Twice(int y) => 2 * y; all.Add(() => Twice(x)); Twice(x)"));
            Assert.Equal(i + 1, await Value(session, "all.Count"));
        }
        Assert.Equal(2, session.Links); // the list, and the newest x and Twice
        Assert.Equal(0 + 2 + 4 + 6 + 8, await Value(session, "all.Sum(f => f())"));
        Assert.Equal(4, session.Variables["x"]);
        // An overload, a type or an import replaces nothing.
        Assert.Equal("4 two", await Value(session, "string Twice(string y) => y; string x = \"two\";", "$\"{Twice(2)} {Twice(x)}\""));
        Assert.Equal("1, 2", await Value(session, "using System.Globalization; record P(int X); var p = new P(1);", "var p = new P(2);", "var q = new P(1); $\"{q.X.ToString(CultureInfo.InvariantCulture)}, {p.X}\""));
    }

    [Fact]
    public async Task CompileError_ChangesNothingAndNamesTheLine()
    {
        using var session = new ScriptSession();
        var result = await Run(session, "var x = 1;", "var x = 2;\nfor (var i = 0; i < 2; i++) y++;");
        Assert.Equal(ScriptStatus.CompileError, result.Status);
        Assert.Contains("cell-2(2,29): error CS0103", Assert.Single(((ScriptCompileException)result.Error!).Diagnostics));
        Assert.Equal(1, await Value(session, "x"));
    }

    [Fact]
    public async Task NameOfTheEngine_NamesTheUsingThatIsMissing()
    {
        using var session = new ScriptSession();
        var result = await Run(session, "var x = 1;", "Func<int> f = () => Objective.Nothing + Nowhere;\nvar t = torch.ones(1);\nvar l = nn.Linear(1, 1);");
        var errors = ((ScriptCompileException)result.Error!).Diagnostics;
        string Line(string name) => Assert.Single(errors, e => e.Contains($"'{name}'"));
        Assert.EndsWith("'Objective' does not exist in the current context: add 'using Interactive.Execution;'", Line("Objective"));
        Assert.EndsWith("'Nowhere' does not exist in the current context", Line("Nowhere"));
        Assert.EndsWith("add 'using TorchSharp;'", Line("torch"));
        Assert.EndsWith("add 'using static TorchSharp.torch;'", Line("nn"));
    }

    [Theory]
    [InlineData("static class E { public static int Twice(this int i) => 2 * i; }", ": in a script an extension method stands alone, without a class around it")]
    [InlineData("Span<int> some = new int[3];", ": a script's variable may outlive it: use this one in a method or within { }")]
    public async Task WhatScriptsDoNotTake_IsSaidWithWhatTheyDo(string code, string help)
    {
        using var session = new ScriptSession();
        var errors = ((ScriptCompileException)(await Run(session, code)).Error!).Diagnostics;
        Assert.Contains(errors, error => error.EndsWith(help, StringComparison.Ordinal));
        Assert.Equal(14, await Value(session, "static int Twice(this int i) => 2 * i;\n{ Span<int> some = new int[3]; some[0] = 7; }\n7.Twice()"));
    }

    [Fact]
    public void TrainingThatDiverged_IsToldInOneLine()
        => Assert.Equal("the loss is NaN", ScriptTrace.Format(new Interactive.Training.DivergedException("the loss is NaN")));

    [Fact]
    public async Task Exception_KeepsWhatWasDefinedAndNamesTheLine()
    {
        using var session = new ScriptSession();
        var result = await Run(session, "int F(int n)\n{\n    while (true)\n        throw new InvalidOperationException(\"boom\");\n}", "var a = 1;\nF(a);\nvar b = 2;");
        Assert.Equal(ScriptStatus.Failed, result.Status);
        var trace = ScriptTrace.Format(result.Error!);
        Assert.StartsWith("System.InvalidOperationException: boom", trace);
        Assert.Equal(["System.InvalidOperationException: boom", "   at F in cell-1:line 4", "   at (top level) in cell-2:line 2"], trace.Split('\n'));
        Assert.Equal(1, await Value(session, "a"));
    }

    [Fact]
    public async Task Directives_InCells_BringAssembliesFilesAndPackages()
    {
        using var folder = new TemporaryFolder();
        folder.Write("lib/inner.csx", "int Inner() => 5;");
        folder.Write("lib/outer.csx", "#load \"inner.csx\"\nint Outer() => Inner() + 1;");
        using var session = new ScriptSession(folder: folder.Path);
        Assert.Equal(6, await Value(session, "#load \"lib/outer.csx\"", "Outer()"));
        Assert.Equal(5, await Value(session, "Inner()"));

        var result = await Run(session, "#r \"missing.dll\"");
        Assert.Contains("cell-1(1,1): error: #r \"missing.dll\": no such file", result.Error!.Message);
        result = await Run(session, "\n#load \"missing.csx\"");
        Assert.Contains("cell-1(2,1): error: #load \"missing.csx\": no such file", result.Error!.Message);
        result = await Run(session, "#i \"https://example.org\"");
        Assert.Contains("#i \"nuget: URL or folder\"", result.Error!.Message);
    }

    [SkippableFact]
    public async Task Package_WithNativeLibrary_Works()
    {
        using var session = new ScriptSession();
        var result = await Run(session, "#r \"nuget: SQLitePCLRaw.bundle_e_sqlite3, 2.1.10\"");
        Skip.If(result.Error?.Message.Contains("NU1301") == true, "no package source can be reached");
        var version = await Value(session, "SQLitePCL.Batteries_V2.Init();", "SQLitePCL.raw.sqlite3_libversion().utf8_to_string()");
        Assert.StartsWith("3.", Assert.IsType<string>(version));
    }

    [Fact]
    public async Task Package_OfTheHost_NeedsNoSource()
    {
        using var session = new ScriptSession();
        Assert.Equal(3L, await Value(session, "#r \"nuget: TorchSharp-cpu, 0.107.0\"\nusing TorchSharp;", "torch.ones(3).shape[0]"));
    }

    [Theory]
    [InlineData("1 +", false)]
    [InlineData("if (true) {", false)]
    [InlineData("var x = 1;", true)]
    [InlineData("x.", false)]
    [InlineData("}", null)]
    [InlineData("\"\"\"\nabc", false)]
    [InlineData("$\"\"\"\nabc{x}", false)]
    [InlineData("#!html\n<b", true)]
    [InlineData("#!markdown\nit's", true)]
    [InlineData("#!csharp\nfor (", false)]
    public void IsComplete_TellsOpenCode(string code, bool? expected) => Assert.Equal(expected, ScriptSession.IsComplete(code));

    // Each cell is busy or waits for ever; "kept" tells that the session goes on with its state.
    [Theory]
    [InlineData("while (true) { n++; }")]
    [InlineData("for (;;) n++;")]
    [InlineData("do n++; while (true);")]
    [InlineData("void F() { F2(); } void F2() { while (true) F3(); } void F3() { n++; } F();")]
    [InlineData("again: n++; goto again;")]
    [InlineData("while (true) try { n++; } catch (Exception) { }")]
    [InlineData("Thread.Sleep(-1);")]
    [InlineData("await Task.Delay(-1);")]
    [InlineData("await Task.Delay(1); while (true) n++;")]
    [InlineData("Task.Run(() => { while (true) n++; }).Wait();")]
    [InlineData("new ManualResetEventSlim().Wait();")]
    [InlineData("Enumerable.Range(0, int.MaxValue).Select(i => i * 2L).Select(i => { n++; return i; }).Sum();")]
    [InlineData("Enumerable.Repeat(0L, int.MaxValue).Where(i => i >= 0).Count(i => i < 5 + n);")]
    [InlineData("Parallel.For(0, int.MaxValue, i => { Thread.SpinWait(10); });")]
    [InlineData("var w = torch.zeros(64, 64); while (true) { using var x = torch.matmul(w, w); n++; }")]
    public async Task Interrupt_EndsTheCellAndKeepsState(string code)
    {
        using var session = new ScriptSession();
        await Value(session, "using System.Threading; using TorchSharp; long n = 0; bool started = false;");
        var running = session.RunAsync("started = true;\n" + code, "cell-2");
        var waited = Stopwatch.StartNew();
        while (!(session.Variables.TryGetValue("started", out var s) && s is true) && waited.Elapsed < TimeSpan.FromSeconds(20)) await Task.Delay(10);
        await Task.Delay(50);
        Assert.False(running.IsCompleted, (await Peek(running))?.ToString());
        session.Interrupt();
        var result = await running.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(ScriptStatus.Interrupted, result.Status);
        Assert.Equal(3L, await Value(session, "n = 3; for (var i = 0; i < 10; i++) Thread.Sleep(0);", "n"));
    }

    private static async Task<Exception?> Peek(Task<ScriptResult> running) => running.IsCompleted ? (await running).Error : null;

    [Fact]
    public async Task Interrupt_ReachesACellThatWaitsForItsTurn()
    {
        using var session = new ScriptSession();
        Assert.Equal(ScriptStatus.Ok, (await session.RunAsync("var ran = false; volatile bool go = false;", "cell-1")).Status);
        var first = session.RunAsync("while (!go) Thread.Sleep(1);".Replace("Thread", "System.Threading.Thread"), "cell-2");
        var waiting = session.RunAsync("ran = true;", "cell-3");
        session.Interrupt();
        Assert.Equal(ScriptStatus.Interrupted, (await first).Status);
        Assert.Equal(ScriptStatus.Interrupted, (await waiting).Status);
        Assert.Equal(false, (await session.RunAsync("ran", "cell-4")).Value);
    }

    [Fact]
    public async Task Interrupt_WhenNothingRuns_DoesNothing()
    {
        using var session = new ScriptSession();
        session.Interrupt();
        Assert.Equal(45, await Value(session, "var s = 0; for (var i = 0; i < 10; i++) s += i; s"));
        using var source = new CancellationTokenSource(200);
        Assert.Equal(ScriptStatus.Interrupted, (await session.RunAsync("while (true) s++;", "cell", source.Token)).Status);
        Assert.Equal(ScriptStatus.Failed, (await session.RunAsync("throw new OperationCanceledException();", "cell")).Status);
    }

    private sealed class Repeat : IDirective
    {
        public string Name => "repeat";
        public string Help => "#!repeat N: runs its cell N times";

        public async Task<object?> Run(DirectiveCall call, CancellationToken cancellationToken)
        {
            ScriptResult? last = null;
            for (var i = 0; i < int.Parse(call.Arguments[0]); i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                last = await call.RunBody();
                if (last.Error is not null) throw last.Error;
            }
            return $"{last?.Value} {string.Join('|', call.Arguments.Skip(1))}";
        }
    }

    [Fact]
    public async Task Directive_RunsItsCell()
    {
        using var session = new ScriptSession();
        session.Directives.Add(new Repeat());
        Assert.Equal("3 a b|c", await Value(session, "var n = 0;", "#!repeat 3 \"a b\" c\nn++;\nn"));
        var result = await Run(session, "#!repeat 2\n\nboom();");
        Assert.Contains("cell-1(3,1)", result.Error!.Message);
        result = await Run(session, "#!nowhere");
        Assert.Equal("no directive #!nowhere: there are #!repeat", Assert.IsType<UsageException>(result.Error).Message);
        using var source = new CancellationTokenSource(200);
        Assert.Equal(ScriptStatus.Interrupted, (await session.RunAsync("#!repeat 1\nwhile (true) n++;", "cell", source.Token)).Status);
        Assert.Equal(3, await Value(session, "#!/usr/bin/env dotnet-script\n3"));
    }

    [Fact]
    public async Task ExpressionTrees_StillCompile()
    {
        using var session = new ScriptSession();
        Assert.Equal("x => (x + 1)", await Value(session, "Expression<Func<int, int>> e = x => x + 1; e.ToString()"));
        Assert.Equal(5, await Value(session, "Func<byte> f = () => 5; Action a = () => WriteLine(); Func<int, long> g = x => x; (int)g(f())"));
    }

    [Fact]
    public async Task Completion_KnowsEarlierCellsMembersAndKeywords()
    {
        using var session = new ScriptSession();
        await Value(session, "var network = new List<int>(); int Train(int epochs) => epochs;", "#r \"nuget: TorchSharp\"\nusing TorchSharp;");
        async Task<string[]> At(string code) => [.. (await session.CompleteAsync(code, code.Length)).Select(i => i.Text)];
        Assert.Contains("network", await At("netw"));
        Assert.Contains("Train", await At("var y = Tr"));
        Assert.Contains("AddRange", await At("network.Add"));
        Assert.Contains("Select", await At("network.Sel"));
        Assert.Contains("foreach", await At("fore"));
        Assert.Contains("IsNullOrEmpty", await At("string.IsNull"));
        Assert.DoesNotContain("Length", await At("string."));
        Assert.Contains("Tasks", await At("System.Threading."));
        Assert.Contains("matmul", await At("torch.matm"));
        Assert.Contains("Linear", await At("torch.nn.Lin"));
        Assert.Empty(await At("// netw"));
        Assert.Empty(await At("\"netw"));
        var item = Assert.Single(await session.CompleteAsync("network.AddR + 1", 12));
        Assert.Equal((8, 12, "function"), (item.Start, item.End, item.Kind));
    }

    [Theory]
    [InlineData("item.¦\nvar x = 1;", "Alpha", "Action")]
    [InlineData("void F(Item p)\n{\n    p.¦\n    var a = 1;\n}", "Alpha", "Action")]
    [InlineData("System.¦\nvar x = 1;", "Action", "Alpha")]
    [InlineData("new Item { ¦ }", "Alpha", "Fixed")]
    [InlineData("new Item { Alpha = 1, ¦", "Alpha", "Action")]
    [InlineData("Item k = new() { A¦", "Alpha", "Action")]
    [InlineData("new List<int> { ¦", "item", "Capacity")]
    [InlineData("if (item is { ¦", "Fixed", "Action")]
    [InlineData("Task.¦", "Delay", "DelayPromise")]
    public async Task Completion_KnowsThePlace(string code, string offered, string other)
    {
        using var session = new ScriptSession();
        await Value(session, "class Item { public int Alpha; public int Fixed { get; } } var item = new Item();");
        var position = code.IndexOf('¦');
        var names = (await session.CompleteAsync(code.Remove(position, 1), position)).Select(i => i.Text).ToList();
        Assert.Contains(offered, names);
        Assert.DoesNotContain(other, names);
    }

    [Fact]
    public async Task Inspection_TellsTheTypeOfAQuerysVariable()
    {
        using var session = new ScriptSession();
        Assert.Equal("int i", await session.InspectAsync("from i in new[] { 1 } select i", 29));
    }

    [Fact]
    public async Task Inspection_TellsDeclarationsAndOverloads()
    {
        using var session = new ScriptSession();
        await Value(session, "int Train(int epochs, double rate = 0.1) => epochs;");
        Assert.Contains("int Train(int epochs, double rate = 0.1)", await session.InspectAsync("Train(3)", 2));
        Assert.Contains("int Train(int epochs, double rate = 0.1)", await session.InspectAsync("Train(", 6));
        Assert.Contains("Math.Max(int val1, int val2)", await session.InspectAsync("Math.Max(", 9));
        Assert.Contains("double Math.Sqrt(double d)", await session.InspectAsync("Math.Sqrt(2.0)", 7));
        Assert.Null(await session.InspectAsync("   ", 1));
    }

    [Fact]
    public async Task Memory_PerCell_IsFlat()
    {
        using var session = new ScriptSession();
        async Task Cells(int from, int to)
        {
            for (var i = from; i < to; i++) Assert.Equal(i, await Value(session, $"var v{i % 50} = {i}; v{i % 50}"));
        }
        await Cells(0, 100);
        var before = Resident();
        await Cells(100, 2000);
        var perCell = (Resident() - before) / 1900;
        Assert.True(perCell <= 100 << 10, $"{perCell} bytes per cell");

        static long Resident()
        {
            GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
            using var process = Process.GetCurrentProcess();
            return process.WorkingSet64;
        }
    }

    [Fact]
    public async Task Completion_OfNames_BindsReferencesOnceForAllCells()
    {
        using var session = new ScriptSession();
        await session.RunAsync("using System.Net; var number0 = 1;", "cell-0");
        for (var i = 1; i < 20; i++) await session.RunAsync($"int number{i} = {i}; class Kind{i} {{ }} int number0 = {i};", $"cell-{i}");
        async Task<List<string>> Complete(string code) => [.. (await session.CompleteAsync(code, code.Length)).Select(i => i.Text)];
        Assert.Equal(20, (await Complete("numb")).Count(n => n.StartsWith("number")));
        Assert.Contains("Kind7", await Complete("var numberLocal = 2; Kin"));
        Assert.Contains("numberLocal", await Complete("var numberLocal = 2; num"));
        Assert.Contains("IPAddress", await Complete("IPAdd"));
        Assert.Equal(1, session.NamesBound);
        await session.RunAsync("using System.Net.Mail;", "cell-20");
        Assert.Contains("MailAddress", await Complete("MailAdd"));
        Assert.Equal(2, session.NamesBound);
    }
}
