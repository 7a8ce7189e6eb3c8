namespace Interactive.Kernel.Scripting;

/// <summary>
/// What <c>#r "sdk:NAME"</c> adds: the assemblies of a framework that is installed beside the runtime.
/// </summary>
internal static class SharedFramework
{
    private const string Base = "Microsoft.NET.Sdk", Web = "Microsoft.NET.Sdk.Web",
        WebFramework = "Microsoft.AspNetCore.App";

    /// <summary>The full paths of an SDK's assemblies; null with the reason where they cannot be had.</summary>
    public static IReadOnlyList<string>? Of(string sdk, out string why)
    {
        why = "";
        if (sdk.Equals(Base, StringComparison.OrdinalIgnoreCase)) return [];
        if (!sdk.Equals(Web, StringComparison.OrdinalIgnoreCase))
        {
            why = $"there are {Base} and {Web}";
            return null;
        }
        // dotnet/shared/Microsoft.NETCore.App/10.0.x -> dotnet/shared/Microsoft.AspNetCore.App/10.0.y
        var shared = Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", WebFramework);
        var newest = !Directory.Exists(shared) ? null : Directory.GetDirectories(shared)
            .Select(folder
            => (Folder: folder, Version: Version.TryParse(Path.GetFileName(folder), out var version) ? version : null))
            .Where(f => f.Version?.Major == Environment.Version.Major).OrderBy(f => f.Version).LastOrDefault().Folder;
        if (newest is null)
        {
            why = $"{WebFramework} {Environment.Version.Major}.0 is not installed: apt-get install aspnetcore-runtime-{Environment.Version.Major}.0";
            return null;
        }
        return [.. Directory.GetFiles(Path.GetFullPath(newest), "*.dll").Order(StringComparer.Ordinal)];
    }
}
