using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Interactive.Kernel.Scripting;

/// <summary>What a session has compiled so far: an immutable snapshot that other threads may look into while a cell runs.</summary>
/// <param name="Number">How many submissions there have been.</param>
/// <param name="Chain">Those that the next one sees.</param>
/// <param name="References">What the next submission adds.</param>
internal sealed record ScriptHistory(ScriptCompiler Compiler, int Number, SubmissionChain Chain, IReadOnlyList<MetadataReference> References)
{
    /// <summary>The last one that the next one sees, which leads to those before it.</summary>
    public CSharpCompilation? Last => Chain.Last;

    /// <summary>What plain names may mean; shared by all snapshots of a session.</summary>
    public NameScope Names { get; init; } = new();

    /// <summary>A compilation of code that is being written, for questions about it.</summary>
    public (SyntaxTree Tree, SemanticModel Model) Draft(string code)
    {
        var tree = ScriptCompiler.Parse(code, "draft");
        return (tree, Compiler.Create(tree, Number + 1, Last, References).GetSemanticModel(tree, ignoreAccessibility: false));
    }
}
