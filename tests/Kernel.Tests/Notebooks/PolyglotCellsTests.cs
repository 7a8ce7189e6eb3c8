using Interactive.Extensions.Display;
using Interactive.Kernel.Directives;
using Interactive.Kernel.Scripting;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Notebooks;

/// <summary>Cells as notebooks of .NET Interactive have them.</summary>
[Collection(ProcessWide.Name)]
public sealed class PolyglotCellsTests
{
    private static async Task<object?> Value(params string[] cells)
    {
        using var session = new ScriptSession();
        BuiltInDirectives.AddTo(session.Directives);
        object? value = null;
        foreach (var cell in cells)
        {
            var result = await session.RunAsync(cell, "cell-1");
            if (result.Error is not null) throw result.Error;
            value = result.Value;
        }
        return value;
    }

    [Theory]
    [InlineData("2", "#!csharp\n1 + 1")]
    [InlineData("2", "#!c#\n#!time\n1 + 1")]
    [InlineData("7", "#!time\nvar x = 7; x")]
    [InlineData("a b", "#!set --name s --value \"a b\"", "s")]
    [InlineData("3", "var n = 3;", "#!set --name m --value @csharp:n\nm")]
    [InlineData("line 1\nline \"2\"", "#!value --name t\nline 1\nline \"2\"", "t")]
    [InlineData("a\nb", "var b = 1; var a = 2;", "#!who")]
    [InlineData("4", "var n = 3;", "#!share --from csharp n --as m\nm + 1")]
    [InlineData("3", "var n = 3;", "#!share n --from csharp\nn")]
    [InlineData("5", "var a = 2;\n#!time\na + 3")]
    [InlineData("x#!time", "var a = @\"x\n#!time\";\na.Replace(\"\\n\", \"\")")]
    [InlineData("1", "/*\n#!time\n*/ 1")]
    [InlineData("9", "#r \"nuget: Microsoft.DotNet.Interactive.Formatting\"\nusing Microsoft.DotNet.Interactive;\nusing Microsoft.DotNet.Interactive.Formatting;\n9")]
    public async Task ACell_HasItsValue(string value, params string[] cells)
        => Assert.Equal(value, (await Value(cells))?.ToString());

    [Theory]
    [InlineData("#!time 1 + 1")]
    [InlineData("#!csharp 1 + 1")]
    [InlineData("#!html <b>x</b>")]
    public async Task CodeBehindTheName_IsNotLostInSilence(string cell)
        => Assert.Contains("takes no arguments", (await Assert.ThrowsAsync<UsageException>(() => Value(cell))).Message);

    [Fact]
    public async Task AnImportedNotebook_RunsHere()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("lib.dib",
            "#!markdown\n\n# A\n\n#!csharp\n\nint Twice(int x) => 2 * x;\n\n#!csharp\n\nvar three = 3;\n");
        Assert.Equal(6, await Value($"#!import \"{file}\"\nTwice(three)"));
        await Assert.ThrowsAsync<UsageException>(() => Value("#!import nowhere.dib"));
    }

    [Fact]
    public async Task Markup_IsShownInItsForm()
    {
        Assert.Equal("<b>x</b>", ((MimeBundle)(await Value("#!html\n<b>x</b>"))!).Data[Mime.Html]);
        Assert.Equal("# x", ((MimeBundle)(await Value("#!markdown\n# x"))!).Data["text/markdown"]);
        Assert.Equal("<i>x</i>", ((MimeBundle)(await Value("HTML(\"<i>x</i>\")"))!).Data[Mime.Html]);
        Assert.NotNull(await Value("display(3, \"text/html\")"));
    }

    [Fact]
    public async Task AFormatter_OfTheirs_ShowsValuesHere()
    {
        try
        {
            using var session = new ScriptSession();
            async Task<MimeBundle> Shown(string code)
            {
                var result = await session.RunAsync(code, "cell-1");
                return result.Error is null ? Formatters.Format(result.Value) : throw result.Error;
            }
            await Shown("""
                class Point { public int X = 1; } class Far : Point { } interface INamed { } class Named : INamed { }
                Formatter.Register<Point>((p, writer) => writer.Write($"<b>{p.X}</b>"), "text/html");
                Formatter.Register<Far>(f => "far", "text/html");
                Formatter.Register<INamed>((n, context) => { context.Writer.Write("named"); return true; }, "text/plain");
                Formatter.Register(typeof(List<>), (list, writer) => writer.Write("a list"), "text/html");
                Formatter.SetPreferredMimeTypesFor(typeof(Named), "text/plain");
                """);
            Assert.Equal("<b>1</b>", (await Shown("new Point()")).Data[Mime.Html]);
            Assert.Equal("far", (await Shown("new Far()")).Data[Mime.Html]);
            Assert.Equal("a list", (await Shown("new List<int> { 1 }")).Data[Mime.Html]);
            Assert.Equal((string[])[Mime.Text], (await Shown("new Named()")).Data.Keys);
            Assert.Equal("named", (await Shown("new Named()")).Text);
            Assert.Equal("<b>1</b>", (await Shown("new Point().ToDisplayString(\"text/html\")")).Text);
            await Shown("Formatter.Register<Point>(p => \"later\", \"text/html\");");
            Assert.Equal("later", (await Shown("new Point()")).Data[Mime.Html]);
            await Shown("Formatter.ResetToDefault();");
            Assert.DoesNotContain("later", (await Shown("new Point()")).Data[Mime.Html].ToString());
        }
        finally { Microsoft.DotNet.Interactive.Formatting.Formatter.ResetToDefault(); }
    }

    [Fact]
    public async Task Showing_HasTheirNames()
    {
        var host = new RecordingHost();
        var before = DisplayHost.Current;
        DisplayHost.Current = host;
        try
        {
            await Value("""
                display("<i>a</i>", "text/html");
                "<i>b</i>".DisplayAs("text/html");
                var shown = 3.Display();
                shown.Update(4);
                Microsoft.DotNet.Interactive.Kernel.display(HTML("<i>c</i>"));
                display(Javascript("alert(1)"));
                """);
        }
        finally { DisplayHost.Current = before; }
        Assert.Equal(["<i>a</i>", "<i>b</i>", "3", "4", "<i>c</i>", "<script>alert(1)</script>"],
            host.Shown.Select(b => b.Data.TryGetValue(Mime.Html, out var html) ? html : b.Text));
    }

    private sealed class RecordingHost : IDisplayHost
    {
        public readonly List<MimeBundle> Shown = [];

        public string Display(MimeBundle bundle, string? id = null)
        {
            Shown.Add(bundle);
            return id ?? "1";
        }

        public void Update(string id, MimeBundle bundle) => Shown.Add(bundle);

        public void Clear(bool wait) { }
    }

    [Theory]
    [InlineData("#!set --name 1x --value a", "no name of a variable")]
    [InlineData("#!set --name x --value @fsharp:y", "fsharp is not run here")]
    [InlineData("#!value", "--name VARIABLE")]
    [InlineData("#!share --from fsharp y", "fsharp is not run here")]
    [InlineData("#!share --from csharp y", "no cell has defined it")]
    [InlineData("#!share y", "--from csharp")]
    [InlineData("var x = 1;\n#!share --from csharp x --to y", "does not take --to")]
    public async Task WhatIsWrong_IsOneLine(string cell, string message)
        => Assert.Contains(message, (await Assert.ThrowsAsync<UsageException>(() => Value(cell))).Message);
}
