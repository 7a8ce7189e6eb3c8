using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// Finds what a referenced assembly itself refers to, where nothing else brings it: in the file's own folder.
/// </summary>
internal sealed class NeighbourResolver : MetadataReferenceResolver
{
    public static readonly NeighbourResolver Instance = new();

    public override bool ResolveMissingAssemblies => true;

    public override PortableExecutableReference? ResolveMissingAssembly(MetadataReference definition,
        AssemblyIdentity referenceIdentity) =>
        (definition as PortableExecutableReference)?.FilePath is { } file && Path.GetDirectoryName(file) is { } folder
            && Path.Combine(folder, referenceIdentity.Name + ".dll") is var neighbour && File.Exists(neighbour)
            && folder != Path.GetDirectoryName(typeof(object).Assembly.Location)
            && folder != AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)
            ? MetadataReference.CreateFromFile(neighbour) : null;

    // #r is followed before the compiler sees the code.
    public override ImmutableArray<PortableExecutableReference> ResolveReference(string reference, string? baseFilePath,
        MetadataReferenceProperties properties) => [];

    public override bool Equals(object? other) => ReferenceEquals(this, other);
    public override int GetHashCode() => 0;
}
