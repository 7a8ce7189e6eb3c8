using System.Globalization;
using System.Xml;
using Microsoft.CodeAnalysis;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// The XML documentation of an assembly: the file beside it, or for the framework the one of the SDK's reference pack.
/// Read when first asked.
/// </summary>
internal sealed class DocumentationFile(string assemblyPath) : DocumentationProvider
{
    private readonly Lazy<Dictionary<string, string>> members = new(() => Read(assemblyPath));

    protected override string? GetDocumentationForSymbol(string documentationMemberID, CultureInfo preferredCulture,
        CancellationToken cancellationToken) =>
        members.Value.GetValueOrDefault(documentationMemberID);

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);
    public override int GetHashCode() => assemblyPath.GetHashCode();

    private static Dictionary<string, string> Read(string assemblyPath)
    {
        var found = new Dictionary<string, string>();
        if (Find(assemblyPath) is not { } file) return found;
        try
        {
            using var reader = XmlReader.Create(file);
            while (reader.ReadToFollowing("member"))
                if (reader.GetAttribute("name") is { } name) found[name] = reader.ReadOuterXml();
        }
        catch (XmlException) { } // a package's broken documentation is no reason to show none of the rest
        return found;
    }

    private static string? Find(string assemblyPath)
    {
        var beside = Path.ChangeExtension(assemblyPath, ".xml");
        if (File.Exists(beside)) return beside;
        // dotnet/shared/Microsoft.NETCore.App/10.0.x/System.Foo.dll ->
        // dotnet/packs/Microsoft.NETCore.App.Ref/10.0.y/ref/net10.0/System.Foo.xml
        var framework = Path.GetDirectoryName(assemblyPath)!;
        var packs = Path.Combine(framework, "..", "..", "..", "packs", "Microsoft.NETCore.App.Ref");
        if (!Directory.Exists(packs)) return null;
        var name = Path.GetFileName(beside) == "System.Private.CoreLib.xml" ? "System.Runtime.xml"
            : Path.GetFileName(beside);
        return Directory.GetDirectories(packs).Order().Reverse()
            .Select(pack => Path.Combine(pack, "ref", $"net{Environment.Version.Major}.0", name))
            .FirstOrDefault(File.Exists);
    }
}
