using System.Diagnostics;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Tests.Scripting;

/// <summary>
/// The checks that cells are compiled with: what they reach, and that code means what it meant without them.
/// </summary>
[Collection(ProcessWide.Name)]
public sealed class CellChecksTests
{
    // Each runs for hours; none has a loop of its own.
    [Theory]
    [InlineData("int Fib(int n) => n < 2 ? n : Fib(n - 1) + Fib(n - 2); started = true; Fib(60)")]
    [InlineData("started = true; Enumerable.Range(0, int.MaxValue).SelectMany(i => Enumerable.Range(0, 1000)).LongCount()")]
    [InlineData("started = true; (from i in Enumerable.Range(0, int.MaxValue) from j in Enumerable.Range(0, 1000) select i).LongCount()")]
    [InlineData("started = true; (from i in Enumerable.Range(0, int.MaxValue) where Odd(i) select i).Sum(i => (long)i * int.MaxValue % 7); bool Odd(int i) => i < 0;")]
    [InlineData("class C { public int P => started2 ? P2 + 1 : 0; public int P2 { get => Fib(60); } bool started2 = true; static int Fib(int n) => n < 2 ? n : Fib(n - 1) + Fib(n - 2); }\nstarted = true; new C().P")]
    [InlineData("Func<int, int> fib = null; fib = n => n < 2 ? n : fib(n - 1) + fib(n - 2); started = true; fib(60)")]
    [InlineData("Func<int, int> fib = null; fib = delegate (int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }; started = true; fib(60)")]
    [InlineData("void Twice(int n) => Both(n); void Both(int n) { if (n > 0) { Twice(n - 1); Twice(n - 1); } } started = true; Twice(60);")]
    [InlineData("int F() { again: int x = 1; goto again; } started = true; F()")]
    [InlineData("int F(int x) { switch (x) { case 0: goto case 1; case 1: goto case 0; } return 1; } started = true; F(0)")]
    [InlineData("class S { static S() { while (true) { } } public static int X; }\nstarted = true; S.X")]
    [InlineData("started = true; (from a in Enumerable.Range(0, 9) from i in Enumerable.Range(0, int.MaxValue) join j in new[] { 0 } on i equals -1 select i).Count()")]
    public async Task AnInterrupt_ReachesWhatHasNoLoop(string code)
    {
        using var session = new ScriptSession();
        await session.RunAsync("volatile bool started = false;", "cell-1");
        var running = session.RunAsync(code, "cell-2");
        for (var waited = Stopwatch.StartNew(); !(session.Variables.TryGetValue("started", out var s) && s is true)
            && waited.Elapsed < TimeSpan.FromSeconds(60);) await Task.Delay(10);
        Assert.False(running.IsCompleted, running.IsCompleted ? (await running).Error?.ToString() : "");
        session.Interrupt();
        Assert.Equal(ScriptStatus.Interrupted, (await running.WaitAsync(TimeSpan.FromSeconds(60))).Status);
    }

    [Theory]
    [InlineData("int F(int n) { return F(n + 1) + 1; } F(0)")]
    [InlineData("int F(int n) => F(n + 1) + 1; F(0)")]
    [InlineData("Func<int, int> f = null; f = n => f(n + 1) + 1; f(0)")]
    [InlineData("class C { public int P => P + 1; } new C().P")]
    [InlineData("class C { C other = new C(); } new C()")]
    [InlineData("class C { public C() { new C(); } } new C()")]
    [InlineData("class C { public override string ToString() => $\"{this}\"; } new C().ToString()")]
    [InlineData("async Task<int> F(int n) => await F(n + 1) + 1; await F(0)")]
    [InlineData("async Task<int> F(int n) { var m = await F(n + 1); return m + 1; } await F(0)")]
    [InlineData("Func<int, Task<int>> f = null; f = async n => await f(n + 1) + 1; await f(0)")]
    [InlineData("class C { public async Task<int> F() { await new C().F(); return 1; } } await new C().F()")]
    [InlineData("record R(int X) { public R Self => this; } new R(1).ToString()")]
    [InlineData("class C { public C Other { get; } = new C(); } new C()")]
    [InlineData("class C { C[] others = { new() }; } new C()")]
    [InlineData("class C { List<C> others = [new C()]; } new C()")]
    [InlineData("class C { string text = new C().ToString(); } new C()")]
    [InlineData("class B { public B(object o) { } } class C : B { public C() : base(new C()) { } } new C()")]
    [InlineData("class B(object o) { object O = o; } class C() : B(new C()); new C()")]
    [InlineData("record R(string Name) { public R Next { get; set; } } var r = new R(\"\"); r.Next = r; r.GetHashCode()")]
    [InlineData("record R(string Name) { public R Next { get; set; } } var r = new R(\"\"); r.Next = r; var s = new R(\"\") { Next = r }; r.Next = s; r == s")]
    [InlineData("record Base; sealed record R<T> : Base { public R<T> Next { get; set; } } var r = new R<int>(); r.Next = r; r.GetHashCode()")]
    public async Task EndlessRecursion_IsAnErrorOfTheCell(string code)
    {
        using var session = new ScriptSession();
        var result = await session.RunAsync(code, "cell-1");
        Assert.Equal(ScriptStatus.Failed, result.Status);
        Assert.IsType<InsufficientExecutionStackException>(result.Error!.GetBaseException());
        Assert.InRange(ScriptTrace.Format(result.Error!).Split('\n').Length, 2, 200);
        Assert.Equal(2, (await session.RunAsync("1 + 1", "cell-2")).Value);
    }

    [Theory]
    [InlineData("string Text(Func<bool> f, [System.Runtime.CompilerServices.CallerArgumentExpression(\"f\")] string e = null) => e; var x = 5; Text(() => x > 3)", "() => x > 3")]
    [InlineData("Expression<Func<int, int>> e = x => x + 1; e.ToString()", "x => (x + 1)")]
    [InlineData("(from i in new[] { 1, 2, 3 }.AsQueryable() where i > 1 select i * 2).Sum().ToString()", "10")]
    [InlineData("string.Join(',', from i in new[] { 3, 1, 2 } let j = i * i where j > 1 orderby j select $\"{j}\")",
        "4,9")]
    [InlineData("var a = new[] { 1, 2 }; ref int First() => ref a[0]; First() = 7; a[0].ToString()", "7")]
    [InlineData("class C { int x; public int this[int i] => x + i; public int P { get => x; set => x = value; } public C(int x) => this.x = x; public static C operator +(C a, C b) => new(a.x + b.x); public static implicit operator string(C c) => $\"{c.P}\"; }\nstring s = new C(1) + new C(2); s + new C(3)[4]", "37")]
    [InlineData("async Task F() => await Task.Yield(); async Task<int> G() => await Task.FromResult(3); await F(); (await G()).ToString()", "3")]
    [InlineData("Func<Task> f = async () => await Task.Yield(); await f(); Action g = () => f(); g(); Func<string> h = () => null; h() ?? \"null\"", "null")]
    [InlineData("int[] Numbers() => [1, 2]; Func<int[]> f = () => [3]; List<int> Made() => new(); $\"{Numbers().Length}{f()[0]}{Made().Count}\"", "230")]
    [InlineData("int F(int n)\n  => n > 0\n    ? n\n    : throw new Exception();\nint Line([System.Runtime.CompilerServices.CallerLineNumber] int line = 0) => line;\n$\"{F(1)} {Line()}\"", "1 6")]
    [InlineData("var o = new List<string>(); new[] { 1 }.ToList().ForEach(i => o.Add($\"{i}\")); o[0]", "1")]
    [InlineData("Func<Func<int>> f = () => () => 3; f()().ToString()", "3")]
    [InlineData("class H { public string S = T(new List<int>(3)); static string T(object v, [System.Runtime.CompilerServices.CallerArgumentExpression(\"v\")] string e = null) => e; } new H().S", "new List<int>(3)")]
    [InlineData("class C { public List<(int, string)> L { get; } = [(1, \"a\"), new(2, \"b\")]; public int? N = new int?(3); public decimal M = new(5); public int[] A = { 1, new() }; public Expression<Func<object>> X = () => new object(); public C() : this(new Random(1).Next(1)) { } C(int n) { } } var c = new C(); $\"{c.L[1].Item2} {c.N} {c.M} {c.A[1]} {c.X}\"", "b 3 5 0 () => new Object()")]
    [InlineData("record A(int X); record B(int X, string Y) : A(X); record G<T>(T V); sealed record D(int X) : A(X); record Own(int X) { protected virtual Type EqualityContract => typeof(A); } partial record P(int X); partial record P { public int Y => X; } $\"{new B(1, \"a\") == new B(1, \"a\")} {new A(1) == new B(1, \"\")} {new G<int>(1) == new G<int>(1)} {new A(1).Equals(new D(1))} {new Own(1) == new Own(1)} {new P(2) == new P(2)} {new D(3)}\"", "True False True False True True D { X = 3 }")]
    [InlineData("int F(int n) { int i = 0; again: if (i++ < n) goto again; switch (i) { case 4: goto default; default: return i; } } F(3).ToString()", "4")]
    [InlineData("string.Join(',', from a in new[] { 1, 2, 3, 4 } join b in new[] { 2, 3, 4 } on a equals b orderby a descending, b group a by a % 2 into g select g.Sum())", "6,3")]
    [InlineData("(from a in new[] { 1, 2, 3 }.AsQueryable() join b in new[] { 2, 3 } on a equals b group a by b into g orderby g.Key select g.Key).Sum().ToString()", "5")]
    [InlineData("record\n  R(\n  int X\n);\nint Line([System.Runtime.CompilerServices.CallerLineNumber] int line = 0) => line;\nLine().ToString()", "6")]
    public async Task Code_MeansWhatItMeantWithoutChecks(string code, string value)
    {
        using var session = new ScriptSession();
        var result = await session.RunAsync(code, "cell-1");
        Assert.True(result.Status == ScriptStatus.Ok, result.Error?.ToString());
        Assert.Equal(value, result.Value);
    }

    // A file of #load is read once more with its checks: a directive must still begin its line.
    [Fact]
    public async Task AnInterrupt_ReachesALoadedFile_WithDirectivesInItsBodies()
    {
        using var folder = new TemporaryFolder();
        folder.Write("b.csx", "void Spin()\n{\n#region x\n    while (true)\n#pragma warning disable\n        ;\n#endregion\n}\nrecord R\n{\n#region y\n    public int X;\n#endregion\n}\n");
        using var session = new ScriptSession(folder: folder.Path);
        await session.RunAsync("#load \"b.csx\"\nvolatile bool started = false;", "cell-1");
        var running = session.RunAsync("started = true; Spin();", "cell-2");
        for (var waited = Stopwatch.StartNew(); !(session.Variables.TryGetValue("started", out var s) && s is true)
            && waited.Elapsed < TimeSpan.FromSeconds(60);) await Task.Delay(10);
        session.Interrupt();
        Assert.Equal(ScriptStatus.Interrupted, (await running.WaitAsync(TimeSpan.FromSeconds(60))).Status);
    }

    [Fact]
    public async Task LinesOfErrors_AreTheCells()
    {
        using var session = new ScriptSession();
        var result = await session.RunAsync("int F(int n)\n  =>\n  1 / n;\nvar f = (int n) =>\n  F(n);\nf(0)",
            "cell-1");
        Assert.Equal(["(1 / n) cell-1:line 3", "cell-1:line 5", "cell-1:line 6"],
            ScriptTrace.Format(result.Error!).Split('\n').Skip(1)
                .Select((l, i) => (i == 0 ? "(1 / n) " : "") + l[l.IndexOf("cell-1")..]));
    }

    [Fact]
    public async Task AFailedCell_LeavesNothingBehind()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "feed"));
        using var session = new ScriptSession(folder: folder.Path);
        var library = typeof(CsCheck.Check).Assembly.Location;
        Assert.Equal(ScriptStatus.CompileError,
            (await session.RunAsync($"#i \"nuget: {folder.Path}/nowhere\"\n#r \"{library}\"\nCsCheck.Check.Mistyped();",
            "cell-1")).Status);
        var again = await session.RunAsync($"#r \"{library}\"\ntypeof(CsCheck.Check).Name", "cell-2");
        Assert.Equal("Check", again.Error?.Message ?? again.Value);
    }

    [Fact]
    public async Task ANameDefinedAnew_LetsGoOfItsValue_UnlessAFunctionKnowsIt()
    {
        using var session = new ScriptSession();
        async Task<object?> Value(string code)
            => (await session.RunAsync(code, "cell")) is { Error: null } r ? r.Value
            : throw new InvalidOperationException();
        await Value("var kept = new object(); object Kept() => kept; var lost = new object(); var seen = new WeakReference(lost);");
        await Value("var kept = 1; var lost = 2;");
        Assert.NotNull(await Value("Kept()"));
        Assert.Equal(2, session.Variables["lost"]);
        for (var i = 0; i < 10 && (bool)(await Value("seen.IsAlive"))!; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.False((bool)(await Value("seen.IsAlive"))!);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("held = Kept;", true)]
    [InlineData("var other = 1;", true)] // a name that is not defined anew: Kept may be asked for by other means
    public async Task ACellDefinedAnew_IsLetGoOfWithItsFunctions_UnlessSomethingHoldsOne(string more, bool isKept)
    {
        using var session = new ScriptSession();
        async Task<object?> Value(string code)
            => (await session.RunAsync(code, "cell")) is { Error: null } r ? r.Value
            : throw new InvalidOperationException();
        await Value("WeakReference seen = null; Func<object> held = null;");
        await Value($"var block = new object(); object Kept() => block; seen = new(block); {more}");
        await Value("var block = new object(); object Kept() => block;");
        for (var i = 0; i < 10 && (bool)(await Value("seen.IsAlive"))!; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.Equal(isKept, await Value("seen.IsAlive"));
        Assert.Equal(true, await Value("Kept() == block && seen.Target != block"));
        if (more.StartsWith("held", StringComparison.Ordinal)) Assert.Equal(true, await Value("held() == seen.Target"));
    }

    [Fact]
    public async Task AnOverloadOfAnEarlierCell_OutlivesOneOfALater()
    {
        using var session = new ScriptSession();
        async Task<object?> Value(string code)
            => (await session.RunAsync(code, "cell")) is { Error: null } r ? r.Value
            : throw new InvalidOperationException();
        await Value("int Over(int x) => x + 1;");
        await Value("int Over(string s) => s.Length;");
        await Value("1 + 1");
        Assert.Equal(5, await Value("Over(1) + Over(\"abc\")"));
        await Value("int Over(int x) => x + 2;");
        Assert.Equal(6, await Value("Over(1) + Over(\"abc\")"));
    }

    [Fact]
    public async Task AValueThatNeverEnds_IsInterrupted_WhereItIsShown()
    {
        using var session = new ScriptSession();
        var shown = new TaskCompletionSource();
        var running = session.RunAsync("Enumerable.Range(0, int.MaxValue).SelectMany(i => Enumerable.Range(0, 100)).Where(x => x < 0)", "cell-1", value =>
        {
            shown.SetResult();
            foreach (var _ in (System.Collections.IEnumerable)value) { }
        });
        await shown.Task.WaitAsync(TimeSpan.FromSeconds(60));
        session.Interrupt();
        Assert.Equal(ScriptStatus.Interrupted, (await running.WaitAsync(TimeSpan.FromSeconds(60))).Status);
    }

    [Theory]
    [InlineData("#r \"nuget: New")]
    [InlineData("1 + 1\n#load \"nowhere/x")]
    [InlineData("#i \"nuget: htt")]
    [InlineData("#nullable ena")]
    [InlineData("#if Deb")]
    public async Task InADirective_NoNamesAreOffered(string code)
    {
        using var session = new ScriptSession();
        Assert.Empty(await session.CompleteAsync(code, code.Length));
    }
}
