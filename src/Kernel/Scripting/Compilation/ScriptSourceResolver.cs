using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// Finds the files of <c>#load</c>, relative to the loading file or in a package, and prepares their text as the
/// script's own.
/// </summary>
/// <param name="folder">Where relative paths of the script or cell itself begin.</param>
/// <param name="prepare">(text, path) to the text that is compiled.</param>
/// <param name="packages">Folders of the packages that hold scripts, by id in small letters.</param>
internal sealed class ScriptSourceResolver(string folder, Func<string, string, string> prepare,
    IReadOnlyDictionary<string, string> packages) : SourceReferenceResolver
{
    private const string Main = "main.csx", All = "#all.csx"; // no file: what stands for all of a package

    // For symbol files: a cell keeps its name, which is no path.
    public override string? NormalizePath(string path, string? baseFilePath) => path;

    public override string? ResolveReference(string path, string? baseFilePath)
    {
        if (ScriptDirectives.PackageToLoad(path) is { } package)
            return packages.TryGetValue(package.Id.ToLowerInvariant(), out var content) ? Entry(content) : null;
        return Path.GetFullPath(path, Folder(baseFilePath)) is var full && File.Exists(full) ? full : null;
    }

    public override Stream OpenRead(string resolvedPath)
        => new MemoryStream(Encoding.UTF8.GetBytes(Text(resolvedPath)));

    public override SourceText ReadText(string resolvedPath)
        => SourceText.From(prepare(Text(resolvedPath), resolvedPath), Encoding.UTF8);

    // contentFiles/csx/any or, better, one of a framework: its main.csx, or all that lie there.
    private static string? Entry(string content)
    {
        var place =
            Directory.GetDirectories(content).OrderBy(f => Path.GetFileName(f) == "any" ? "" : Path.GetFileName(f),
            StringComparer.Ordinal)
            .LastOrDefault(f => Directory.GetFiles(f, "*.csx", SearchOption.AllDirectories).Length > 0);
        if (place is null) return null;
        var main = Directory.GetFiles(place, Main, SearchOption.AllDirectories).FirstOrDefault();
        return main ?? Path.Combine(place, All);
    }

    private static string Text(string path) => Path.GetFileName(path) != All ? File.ReadAllText(path)
        : string.Concat(Directory.GetFiles(Path.GetDirectoryName(path)!, "*.csx", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal).Select(file => $"#load \"{file}\"\n"));

    private string Folder(string? file)
        => Path.IsPathFullyQualified(file ?? "") ? Path.GetDirectoryName(file)! : folder;

    public override bool Equals(object? other) => ReferenceEquals(this, other);
    public override int GetHashCode() => folder.GetHashCode();
}
