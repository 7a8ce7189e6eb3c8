using System.Collections.Immutable;

namespace Interactive.Kernel.Scripting;

/// <summary>The files of a set of packages for this platform, as full paths.</summary>
/// <param name="Compile">Assemblies to compile against.</param>
/// <param name="Runtime">Assemblies to load.</param>
/// <param name="Native">Native libraries.</param>
/// <param name="Scripts">Where the packages lie that hold scripts to load, by id in small letters: the folder
/// <c>contentFiles/csx</c> of each.</param>
internal sealed record PackageAssets(ImmutableArray<string> Compile, ImmutableArray<string> Runtime,
    ImmutableArray<string> Native, ImmutableDictionary<string, string> Scripts)
{
    public static readonly PackageAssets None = new([], [], [], ImmutableDictionary<string, string>.Empty);
}
