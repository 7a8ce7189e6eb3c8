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
/// <param name="release">Optimised code. Line numbers are right either way. Debug code has DEBUG and TRACE defined.</param>
/// <param name="imports">What every submission imports; default <see cref="HostReferences.Imports"/>.</param>
internal sealed class ScriptCompiler(Type globals, string folder, bool release = true, IEnumerable<string>? imports = null)
{
    /// <summary>How the class begins to be called that the compiler puts around a submission: an identifier, which serialisers ask for.</summary>
    public const string ClassName = "__Submission_";

    private static readonly EmitOptions emitOptions = new(debugInformationFormat: DebugInformationFormat.PortablePdb);

    // Versions of the framework that packages were built against, which the runtime settles by itself; and that a question mark at a
    // type means nothing where nothing is checked.
    private static readonly string[] silent = ["CS1701", "CS1702", "CS1705", "CS8632"];

    private static readonly IReadOnlyDictionary<string, string> noPackages = new Dictionary<string, string>();

    private readonly CSharpCompilationOptions options = new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, usings: imports ?? HostReferences.Imports,
            optimizationLevel: release ? OptimizationLevel.Release : OptimizationLevel.Debug, allowUnsafe: true, concurrentBuild: false)
        .WithMetadataReferenceResolver(NeighbourResolver.Instance)
        .WithSpecificDiagnosticOptions(silent.Select(code => KeyValuePair.Create(code, ReportDiagnostic.Suppress)))
        .WithSourceReferenceResolver(new ScriptSourceResolver(folder, (text, _) => Runnable(text, release), noPackages));

    /// <summary>The tree of code whose places are asked about: each is where it was written.</summary>
    public static SyntaxTree Parse(string code, string path, bool release = true)
        => Tree(UsingDeclarations.Write(ScriptDirectives.Blank(code, release), keeps: false), path, release);

    /// <summary>The tree of code that is to run.</summary>
    public static SyntaxTree ParseToRun(string code, string path, bool release = true) => Tree(Runnable(code, release), path, release);

    private static string Runnable(string code, bool release) => UsingDeclarations.Write(ScriptDirectives.Blank(code, release), keeps: true);

    private static SyntaxTree Tree(string code, string path, bool release)
        => CSharpSyntaxTree.ParseText(SourceText.From(code, Encoding.UTF8), release ? ScriptDirectives.ParseOptions : ScriptDirectives.DebugOptions, path);

    /// <summary>The compilation of a submission, not yet emitted.</summary>
    /// <param name="number">1 for the first of a session.</param>
    /// <param name="references">All on the first submission, later only those that are new: a repeated reference costs a megabyte a cell.</param>
    /// <param name="packages">Folders of packages that hold scripts, by id in small letters; null for none.</param>
    /// <param name="loaded">Texts to take for files of <c>#load</c>, by path; null for the files' own.</param>
    /// <param name="optimised">False for code that runs once, from its first line to its last.</param>
    public CSharpCompilation Create(SyntaxTree tree, int number, CSharpCompilation? previous, IEnumerable<MetadataReference> references,
        IReadOnlyDictionary<string, string>? packages = null, IReadOnlyDictionary<string, string>? loaded = null, bool optimised = true) =>
        SubmissionFriends.Tell(CSharpCompilation.CreateScriptCompilation($"\u211B*{number}", tree, references, Importing(Loading(packages, loaded), previous)
            .WithOptimizationLevel(optimised ? options.OptimizationLevel : OptimizationLevel.Debug).WithScriptClassName($"{ClassName}{number}"), previous, typeof(object), globals));

    // A submission has the imports of those before it: were they asked for again, each cell would bind those of all cells.
    private static CSharpCompilationOptions Importing(CSharpCompilationOptions options, CSharpCompilation? previous) => previous is null ? options : options.WithUsings();

    /// <summary>A compilation without code and without earlier submissions, for questions about names.</summary>
    /// <param name="usings">Imported besides those that every script has.</param>
    public CSharpCompilation CreateScope(IEnumerable<MetadataReference> references, IEnumerable<string> usings) =>
        CSharpCompilation.CreateScriptCompilation("\u211B*scope", null, references, options.WithUsings(options.Usings.Union(usings)), null, typeof(object), globals);

    /// <summary>Compiles a submission as it stands.</summary>
    /// <returns>The compilation, what it compiles to, and what the compiler warns of.</returns>
    /// <exception cref="ScriptCompileException">The code has errors.</exception>
    public (CSharpCompilation Compilation, Submission Submission, IReadOnlyList<string> Warnings) Compile(
        string code, string path, int number, CSharpCompilation? previous, IEnumerable<MetadataReference> references, IReadOnlyDictionary<string, string>? packages = null)
    {
        var compilation = Create(ParseToRun(code, path, release), number, previous, references, packages);
        var submission = Emit(compilation, out var found) ?? throw new ScriptCompileException(found);
        // What may be null where code says that it is not: with #nullable enable that is an error, as dotnet-script has it.
        var errors = found.Where(IsOfNullable).Select(d => d.ToString().Replace(": warning CS", ": error CS")).ToList();
        if (errors.Count > 0) throw new ScriptCompileException(errors);
        return (compilation, submission, [.. found.Where(d => d.Severity == DiagnosticSeverity.Warning && !d.IsSuppressed).Select(d => d.ToString())]);
    }

    private static bool IsOfNullable(Diagnostic diagnostic) => diagnostic is { Severity: DiagnosticSeverity.Warning, IsSuppressed: false }
        && diagnostic.Id.Length == 6 && string.CompareOrdinal(diagnostic.Id, "CS8597") >= 0 && string.CompareOrdinal(diagnostic.Id, "CS8670") <= 0;

    /// <summary>
    /// Compiles a submission with checks that let <see cref="ScriptSession.Interrupt"/> end it. Where they make code invalid that
    /// was valid, only loops and bodies of statements get them; errors are told of the code as written.
    /// </summary>
    /// <exception cref="ScriptCompileException">The code has errors.</exception>
    public (CSharpCompilation Compilation, Submission Submission) CompileInterruptible(string code, string path, int number, CSharpCompilation? previous, IReadOnlyList<MetadataReference> references,
        IReadOnlyDictionary<string, string> packages, CancellationToken cancellation = default)
    {
        var written = Create(ParseToRun(code, path, release), number, previous, references, packages);
        var isPassing = IsPassing(written);
        CSharpCompilation WithChecks(bool isFull)
        {
            SyntaxTree Rewrite(SyntaxTree tree) => InterruptRewriter.Rewrite(tree, isFull ? written.GetSemanticModel(tree) : null);
            // The submission's own tree is the last one, those that it loads precede it.
            var trees = written.SyntaxTrees;
            var loaded = trees.Take(trees.Length - 1).ToDictionary(tree => tree.FilePath, tree => Rewrite(tree).GetText().ToString());
            return Create(Rewrite(trees[^1]), number, previous, references, packages, loaded, optimised: !isPassing);
        }
        var compilation = WithChecks(isFull: true);
        if (Emit(compilation, out _, cancellation) is { } submission) return (compilation, submission with { IsPassing = isPassing });
        var plain = Emit(written, out var errors, cancellation) ?? throw new ScriptCompileException(errors);
        compilation = WithChecks(isFull: false);
        return Emit(compilation, out _, cancellation) is { } partly ? (compilation, partly) : (written, plain);
    }

    // It gives nothing to later ones, and none of its code can run again. What can be taken back the runtime does not compile again when it is
    // hot: so it is not optimised at all, which keeps the frames of small functions in stack traces, and loops are none of these.
    private static bool IsPassing(CSharpCompilation written) => written.SyntaxTrees is [var tree]
        && SubmissionMembers.Of(written) is { HasMore: false, Keys.Count: 0 }
        && !tree.GetRoot().DescendantNodes().Any(node => node is ForStatementSyntax or CommonForEachStatementSyntax or WhileStatementSyntax or DoStatementSyntax or GotoStatementSyntax
            or AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax or QueryExpressionSyntax);

    private CSharpCompilationOptions Loading(IReadOnlyDictionary<string, string>? packages, IReadOnlyDictionary<string, string>? loaded) =>
        packages is not { Count: > 0 } && loaded is not { Count: > 0 } ? options : options.WithSourceReferenceResolver(new ScriptSourceResolver(folder,
            (text, path) => loaded?.GetValueOrDefault(path) ?? Runnable(text, release), packages ?? noPackages));

    private static Submission? Emit(CSharpCompilation compilation, out IReadOnlyList<Diagnostic> errors, CancellationToken cancellation = default)
    {
        using MemoryStream image = new(), symbols = new();
        var result = compilation.Emit(image, symbols, options: emitOptions, cancellationToken: cancellation);
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
