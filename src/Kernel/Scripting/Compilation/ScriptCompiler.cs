using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;

namespace Interactive.Kernel.Scripting;

/// <summary>Compiles submissions: each sees the ones before it. Pure: keeps no state.</summary>
/// <param name="globals">The type whose members every submission sees.</param>
/// <param name="folder">Where relative paths in directives begin.</param>
/// <param name="release">Optimised code. Line numbers are right either way.</param>
internal sealed class ScriptCompiler(Type globals, string folder, bool release = true)
{
    private static readonly EmitOptions emitOptions = new(debugInformationFormat: DebugInformationFormat.PortablePdb);

    private readonly CSharpCompilationOptions options = new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, usings: HostReferences.Imports,
            optimizationLevel: release ? OptimizationLevel.Release : OptimizationLevel.Debug, allowUnsafe: true, concurrentBuild: false)
        .WithSourceReferenceResolver(new ScriptSourceResolver(folder, (text, _) => ScriptDirectives.Blank(text)));

    private CSharpCompilationOptions? interruptible;

    public static SyntaxTree Parse(string code, string path) =>
        CSharpSyntaxTree.ParseText(SourceText.From(ScriptDirectives.Blank(code), Encoding.UTF8), ScriptDirectives.ParseOptions, path);

    /// <summary>The compilation of a submission, not yet emitted.</summary>
    /// <param name="number">1 for the first of a session.</param>
    /// <param name="references">All on the first submission, later only those that are new: a repeated reference costs a megabyte a cell.</param>
    public CSharpCompilation Create(SyntaxTree tree, int number, CSharpCompilation? previous, IEnumerable<MetadataReference> references, bool checks = false) =>
        CSharpCompilation.CreateScriptCompilation($"\u211B*{number}", tree, references, (checks ? interruptible ??= Interruptible() : options).WithScriptClassName($"Submission#{number}"),
            previous, typeof(object), globals);

    /// <summary>A compilation without code and without earlier submissions, for questions about names.</summary>
    /// <param name="usings">Imported besides those that every script has.</param>
    public CSharpCompilation CreateScope(IEnumerable<MetadataReference> references, IEnumerable<string> usings) =>
        CSharpCompilation.CreateScriptCompilation("\u211B*scope", null, references, options.WithUsings(options.Usings.Union(usings)), null, typeof(object), globals);

    /// <summary>Compiles a submission as it stands.</summary>
    /// <exception cref="ScriptCompileException">The code has errors.</exception>
    public (CSharpCompilation Compilation, Submission Submission) Compile(string code, string path, int number, CSharpCompilation? previous, IEnumerable<MetadataReference> references)
    {
        var compilation = Create(Parse(code, path), number, previous, references);
        return Emit(compilation, out var errors) is { } submission ? (compilation, submission) : throw new ScriptCompileException(errors);
    }

    /// <summary>
    /// Compiles a submission with checks that let <see cref="ScriptSession.Interrupt"/> end it. Where the checks in lambdas
    /// are not allowed (expression trees) only loops and methods get them; errors are told of the code as written.
    /// </summary>
    /// <exception cref="ScriptCompileException">The code has errors.</exception>
    public (CSharpCompilation Compilation, Submission Submission) CompileInterruptible(string code, string path, int number, CSharpCompilation? previous, IReadOnlyList<MetadataReference> references)
    {
        var tree = Parse(code, path);
        foreach (var lambdas in new[] { true, false })
        {
            var compilation = Create(InterruptRewriter.Rewrite(tree, lambdas), number, previous, references, checks: true);
            if (Emit(compilation, out _) is { } submission) return (compilation, submission);
        }
        return Compile(code, path, number, previous, references);
    }

    private CSharpCompilationOptions Interruptible() => options.WithSourceReferenceResolver(new ScriptSourceResolver(folder,
        (text, path) => InterruptRewriter.Rewrite(Parse(text, path), lambdas: false).GetText().ToString()));

    private static Submission? Emit(CSharpCompilation compilation, out IReadOnlyList<Diagnostic> errors)
    {
        using MemoryStream image = new(), symbols = new();
        var result = compilation.Emit(image, symbols, options: emitOptions);
        errors = result.Diagnostics;
        // Where there is no code the compiler writes nothing and calls that no success.
        if (!result.Success) return errors.Any(d => d.Severity == DiagnosticSeverity.Error) ? null : Submission.Empty;
        var entry = compilation.GetEntryPoint(default)!;
        return new(image.ToArray(), symbols.ToArray(), Token(image, entry), HasValue(compilation));
    }

    private static int Token(MemoryStream image, IMethodSymbol method)
    {
        image.Position = 0;
        using var file = new PEReader(image, PEStreamOptions.LeaveOpen);
        var names = file.GetMetadataReader();
        return MetadataTokens.GetToken(names.MethodDefinitions.First(handle => names.GetMethodDefinition(handle) is var found
            && names.StringComparer.Equals(found.Name, method.MetadataName)
            && names.StringComparer.Equals(names.GetTypeDefinition(found.GetDeclaringType()).Name, method.ContainingType.MetadataName)));
    }

    // The value is that of a last expression without a semicolon, or of a return.
    private static bool HasValue(CSharpCompilation compilation)
    {
        var tree = compilation.SyntaxTrees[^1];
        var root = tree.GetCompilationUnitRoot();
        if (root.Members.LastOrDefault() is GlobalStatementSyntax { Statement: ExpressionStatementSyntax { SemicolonToken.IsMissing: true } last })
            return compilation.GetSemanticModel(tree).GetTypeInfo(last.Expression).Type is not { SpecialType: SpecialType.System_Void };
        return root.Members.OfType<GlobalStatementSyntax>().SelectMany(m => m.DescendantNodes(n => n is not (AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax)))
            .OfType<ReturnStatementSyntax>().Any(r => r.Expression is not null);
    }
}
