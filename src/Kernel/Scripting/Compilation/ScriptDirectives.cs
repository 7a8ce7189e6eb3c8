using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Interactive.Kernel.Scripting;

/// <summary>What the directives of a script, and of all files it loads, ask for.</summary>
/// <param name="Assemblies">Full paths of <c>#r "file.dll"</c>.</param>
/// <param name="Packages">Of <c>#r "nuget: Id, Version"</c>.</param>
/// <param name="Sources">Of <c>#i "nuget: URL or folder"</c>.</param>
/// <param name="LoadedFiles">Full paths of <c>#load "file.csx"</c>, transitively.</param>
internal sealed partial record ScriptDirectives(
    ImmutableArray<string> Assemblies, ImmutableArray<PackageId> Packages, ImmutableArray<string> Sources,
        ImmutableArray<string> LoadedFiles)
{
    public static readonly CSharpParseOptions ParseOptions = new(LanguageVersion.Latest, DocumentationMode.None,
        SourceCodeKind.Script);

    /// <summary>Those of a debug build: <c>#if DEBUG</c> and <c>Debug.Assert</c> count.</summary>
    public static readonly CSharpParseOptions DebugOptions = ParseOptions.WithPreprocessorSymbols("DEBUG", "TRACE");

    [GeneratedRegex(@"^#\s*(r|i)\s+""([^""]*)""")]
    private static partial Regex HostDirective();

    /// <summary>Reads the directives of a script.</summary>
    /// <param name="folder">Where relative paths of the script itself begin.</param>
    /// <exception cref="ScriptCompileException">A file that is asked for does not exist.</exception>
    public static ScriptDirectives Read(string code, string path, string folder, bool release = true)
    {
        var found = new Collector(release ? ParseOptions : DebugOptions);
        found.Visit(code, path, folder);
        return new([.. found.Assemblies.Distinct()], [.. found.Packages.Distinct()], [.. found.Sources.Distinct()],
            [.. found.Loaded]);
    }

    /// <summary>
    /// The code without what the compiler need not see: <c>#r</c> and <c>#i</c>, which the host follows, and a
    /// <c>#load</c> that an <c>#if</c> has switched off. Line numbers stay.
    /// </summary>
    public static string Blank(string code, bool release = true)
    {
        if (!code.Contains('#')) return code;
        var text = code.ToCharArray();
        foreach (var directive in Of(CSharpSyntaxTree.ParseText(code, release ? ParseOptions : DebugOptions)))
            if (directive is LoadDirectiveTriviaSyntax ? !directive.IsActive
                : HostDirective().IsMatch(directive.ToString()))
                for (var i = directive.SpanStart; i < directive.Span.End; i++)
                    if (text[i] is not ('\r' or '\n')) text[i] = ' ';
        return new(text);
    }

    private static IEnumerable<DirectiveTriviaSyntax> Of(SyntaxTree tree) =>
        tree.GetRoot().DescendantTrivia().Where(t => t.IsDirective)
            .Select(t => (DirectiveTriviaSyntax)t.GetStructure()!);

    /// <summary>The package of <c>#load "nuget: Id, Version"</c>; null for the path of a file.</summary>
    /// <exception cref="FormatException">It names no package.</exception>
    public static PackageId? PackageToLoad(string target)
        => !target.StartsWith(OfNuGet, StringComparison.OrdinalIgnoreCase) ? null
        : PackageId.Parse(target[OfNuGet.Length..].Trim())
        ?? throw new FormatException($"#load \"{target}\": a package is given as #load \"nuget: Id, Version\"");

    private const string OfNuGet = "nuget:", OfSdk = "sdk:";

    private sealed class Collector(CSharpParseOptions options)
    {
        public readonly List<string> Assemblies = [], Sources = [], Loaded = [];
        public readonly List<PackageId> Packages = [];

        public void Visit(string code, string path, string folder)
        {
            if (!code.Contains('#')) return;
            var tree = CSharpSyntaxTree.ParseText(code, options, path);
            foreach (var directive in Of(tree))
            {
                if (!directive.IsActive) continue;
                if (directive is LoadDirectiveTriviaSyntax load) Load(load, folder);
                else if (HostDirective().Match(directive.ToString()) is { Success: true } match)
                    Follow(match.Groups[1].Value, match.Groups[2].Value, directive.GetLocation(), folder);
            }
        }

        private void Follow(string kind, string target, Location place, string folder)
        {
            var value = target.StartsWith(OfNuGet, StringComparison.OrdinalIgnoreCase) ? target[OfNuGet.Length..].Trim()
                : null;
            if (kind == "i")
                Sources.Add(value is null
                    ? throw ScriptCompileException.At(place,
                    $"#i \"{target}\": a package source is given as #i \"nuget: URL or folder\"")
                    : value.Contains("://") ? value : Path.GetFullPath(value, folder));
            else if (value is not null)
                Packages.Add(PackageId.Parse(value)
                    ?? throw ScriptCompileException.At(place,
                    $"#r \"{target}\": a package is given as #r \"nuget: Id, Version\""));
            else if (target.StartsWith(OfSdk, StringComparison.OrdinalIgnoreCase))
                Assemblies.AddRange(SharedFramework.Of(target[OfSdk.Length..].Trim(), out var why)
                    ?? throw ScriptCompileException.At(place, $"#r \"{target}\": {why}"));
            else if (FindAssembly(target, folder) is { } file) Assemblies.Add(file);
            else throw ScriptCompileException.At(place, $"#r \"{target}\": no such file, looked in {folder}");
        }

        // A bare name may also be one of the framework's, as in #r "System.Net.Http".
        private static string? FindAssembly(string target, string folder)
        {
            var framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
            return new[] { Path.GetFullPath(target, folder), Path.Combine(framework, target), Path.Combine(framework,
                target + ".dll") }.FirstOrDefault(File.Exists);
        }

        private void Load(LoadDirectiveTriviaSyntax load, string folder)
        {
            try
            {
                if (PackageToLoad(load.File.ValueText) is { } package)
                {
                    Packages.Add(package);
                    return;
                }
            }
            catch (FormatException e) { throw ScriptCompileException.At(load.GetLocation(), e.Message); }
            var file = Path.GetFullPath(load.File.ValueText, folder);
            if (!File.Exists(file))
                throw ScriptCompileException.At(load.GetLocation(),
                $"#load \"{load.File.ValueText}\": no such file, looked for {file}");
            if (Loaded.Contains(file)) return;
            Loaded.Add(file);
            Visit(File.ReadAllText(file), file, Path.GetDirectoryName(file)!);
        }
    }
}
