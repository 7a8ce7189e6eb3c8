using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Interactive.Kernel.Scripting;

/// <summary>Finds the files of <c>#load</c>, relative to the loading file, and prepares their text as the script's own.</summary>
/// <param name="folder">Where relative paths of the script or cell itself begin.</param>
/// <param name="prepare">(text, path) to the text that is compiled.</param>
internal sealed class ScriptSourceResolver(string folder, Func<string, string, string> prepare) : SourceReferenceResolver
{
    // For symbol files: a cell keeps its name, which is no path.
    public override string? NormalizePath(string path, string? baseFilePath) => path;

    public override string? ResolveReference(string path, string? baseFilePath) =>
        Path.GetFullPath(path, Folder(baseFilePath)) is var full && File.Exists(full) ? full : null;

    public override Stream OpenRead(string resolvedPath) => File.OpenRead(resolvedPath);

    public override SourceText ReadText(string resolvedPath) => SourceText.From(prepare(File.ReadAllText(resolvedPath), resolvedPath), Encoding.UTF8);

    private string Folder(string? file) => Path.IsPathFullyQualified(file ?? "") ? Path.GetDirectoryName(file)! : folder;

    public override bool Equals(object? other) => ReferenceEquals(this, other);
    public override int GetHashCode() => folder.GetHashCode();
}
