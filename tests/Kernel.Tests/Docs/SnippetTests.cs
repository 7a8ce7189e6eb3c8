using System.Text.RegularExpressions;
using Interactive.Kernel.Scripting;
using Interactive.Kernel.Tests.Scripting;
using Microsoft.CodeAnalysis.CSharp;

namespace Interactive.Kernel.Tests.Docs;

/// <summary>Every C# block of the pages compiles as a script against the engine as it is. Blocks are not run.</summary>
[Collection(ProcessWide.Name)]
[Trait("Speed", "slow")]
public sealed partial class SnippetTests
{
    // What a reader has imported already; a block may import more.
    private static readonly string Imports = string.Concat(new[]
    {
        "Interactive.Collectives", "Interactive.Data", "Interactive.Execution", "Interactive.Extensions.Display", "Interactive.Extensions.Plots", "Interactive.Graphs",
        "Interactive.Memory", "Interactive.Models", "Interactive.Monitoring", "Interactive.Runtime", "Interactive.Training", "TorchSharp", "static TorchSharp.torch",
    }.Select(name => $"using {name}; "));

    // Each block is a cell behind the same first one, which has the references and imports: a script of its own would look all of them up again.
    private static readonly ScriptCompiler Compiler = new(typeof(ScriptGlobals), Path.Combine(ProjectFolder.Root, "docs"));
    private static readonly CSharpCompilation First = Compiler.Create(ScriptCompiler.ParseToRun(Imports, "imports"), 1, null, HostReferences.All);

    public static TheoryData<string, int> Blocks
    {
        get
        {
            var blocks = new TheoryData<string, int>();
            foreach (var page in Directory.GetFiles(Path.Combine(ProjectFolder.Root, "docs"), "*.md")
                .Append(Path.Combine(ProjectFolder.Root, "README.md")).Order())
                foreach (Match block in Block().Matches(File.ReadAllText(page)))
                    blocks.Add(Path.GetRelativePath(ProjectFolder.Root, page),
                        Line(File.ReadAllText(page), block.Groups["code"].Index));
            return blocks;
        }
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void A_block_compiles(string page, int line)
    {
        var path = Path.Combine(ProjectFolder.Root, page);
        var text = File.ReadAllText(path);
        var block = Block().Matches(text).Single(match => Line(text, match.Groups["code"].Index) == line);
        var code = block.Groups["code"].Value;
        // Imports come first in a script.
        var (usings, rest) = (string.Concat(Using().Matches(code).Select(match => match.Value)).ReplaceLineEndings(" "),
            Using().Replace(code, ""));
        var script = $"{usings}\n{block.Groups["with"].Value}\n#line {line} \"{page}\"\n{rest}";
        try { Compiler.Compile(script, path + ".csx", 2, First, []); }
        catch (ScriptCompileException e) { Assert.Fail(e.Message); }
    }

    private static int Line(string text, int index) => text.AsSpan(0, index).Count('\n') + 1;

    // <!-- with: var x = …; --> before a block declares what the page takes as given. "csharp no-compile" is for pieces
    // of a class or of directives.
    [GeneratedRegex(@"(<!-- with: (?<with>(?:(?!-->).)*) -->\n)?```csharp\n(?:#!.*\n)?(?<code>.*?)```",
        RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"^using [\w.]+;|^using static [\w.]+;", RegexOptions.Multiline)]
    private static partial Regex Using();
}
