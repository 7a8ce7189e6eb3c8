using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Interactive.Kernel.Tests.House;

/// <summary>Which folders of a project use which: from the symbols that the compiler binds, not from text.</summary>
internal sealed class FolderGraph
{
    private const string Usings = "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;";
    private readonly Dictionary<(string From, string To), string> ties = [];

    /// <summary>Reads a project under src.</summary>
    public static FolderGraph Of(string project)
    {
        var root = Path.Combine(ProjectFolder.Root, "src", project);
        var options = new CSharpParseOptions(LanguageVersion.Preview);
        var trees = Directory.GetFiles(root, "*.cs", SearchOption.AllDirectories).Where(IsSource)
            .Select(path => CSharpSyntaxTree.ParseText(File.ReadAllText(path), options, path))
            .Append(CSharpSyntaxTree.ParseText(Usings, options)).ToArray();
        var own = project switch
        {
            "Engine" => "Interactive.Engine.dll",
            "Extensions" => "Interactive.Extensions.dll",
            _ => "interactive.dll"
        };
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Concat(Directory.GetFiles(AppContext.BaseDirectory, "*.dll")).DistinctBy(Path.GetFileName)
            .Where(path => Path.GetFileName(path) != own && IsManaged(path))
            .Select(path => (MetadataReference)MetadataReference.CreateFromFile(path));
        // sees what the engine shows it
        var compilation = CSharpCompilation.Create(Path.GetFileNameWithoutExtension(own),
            trees, references, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
        var graph = new FolderGraph();
        foreach (var tree in trees.Where(t => t.FilePath.Length > 0))
            graph.Add(root, compilation.GetSemanticModel(tree), tree);
        return graph;

        bool IsSource(string path) => Path.GetRelativePath(root, path).Split('/') is not ["obj" or "bin", ..];
    }

    /// <summary>Ties found.</summary>
    public int Count => ties.Count;

    /// <summary>
    /// Sets of folders each of which can be reached from each other, in a line each that names one use a tie.
    /// </summary>
    public IReadOnlyList<string> Circles(params (string, string)[] allowed)
    {
        var edges = ties.Keys.Where(t => !allowed.Contains(t)).ToLookup(t => t.From, t => t.To);
        var reach = ties.Keys.SelectMany(t => new[] { t.From, t.To }).Distinct().ToDictionary(folder => folder,
            folder => Reach(folder, edges));
        return [.. ties.Where(t => !allowed.Contains(t.Key) && reach[t.Key.To].Contains(t.Key.From))
            .Select(t => $"{t.Key.From} -> {t.Key.To}: {t.Value}").Order(StringComparer.Ordinal)];
    }

    private static HashSet<string> Reach(string from, ILookup<string, string> edges)
    {
        var seen = new HashSet<string>();
        var queue = new Queue<string>([from]);
        while (queue.TryDequeue(out var folder))
            foreach (var next in edges[folder])
                if (seen.Add(next)) queue.Enqueue(next);
        return seen;
    }

    private void Add(string root, SemanticModel model, SyntaxTree tree)
    {
        var from = Folder(root, tree.FilePath);
        foreach (var name in tree.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>())
        {
            if (name.FirstAncestorOrSelf<UsingDirectiveSyntax>() is not null) continue;
            var symbol = model.GetSymbolInfo(name).Symbol;
            var type = symbol as INamedTypeSymbol ?? symbol?.ContainingType;
            if (type?.OriginalDefinition.DeclaringSyntaxReferences is not [{ SyntaxTree.FilePath: { Length: > 0 } path }, ..]) continue;
            if (Folder(root, path) is var to && to != from)
                ties.TryAdd((from, to), $"{Path.GetFileName(tree.FilePath)} uses {type.Name}");
        }
    }

    private static string Folder(string root, string path) => Path.GetRelativePath(root, Path.GetDirectoryName(path)!);

    private static bool IsManaged(string path)
    {
        using var reader = new System.Reflection.PortableExecutable.PEReader(File.OpenRead(path));
        return reader.HasMetadata;
    }
}
