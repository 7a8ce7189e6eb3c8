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
    public async Task ACell_HasItsValue(string value, params string[] cells) => Assert.Equal(value, (await Value(cells))?.ToString());

    [Fact]
    public async Task AnImportedNotebook_RunsHere()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("lib.dib", "#!markdown\n\n# A\n\n#!csharp\n\nint Twice(int x) => 2 * x;\n\n#!csharp\n\nvar three = 3;\n");
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

    [Theory]
    [InlineData("#!set --name 1x --value a", "no name of a variable")]
    [InlineData("#!set --name x --value @fsharp:y", "fsharp is not run here")]
    [InlineData("#!value", "--name VARIABLE")]
    public async Task WhatIsWrong_IsOneLine(string cell, string message) => Assert.Contains(message, (await Assert.ThrowsAsync<UsageException>(() => Value(cell))).Message);
}
