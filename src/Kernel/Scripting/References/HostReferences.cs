using Microsoft.CodeAnalysis;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// What every script may use without <c>#r</c> and <c>using</c>: the framework, the engine, its extensions, TorchSharp.
/// </summary>
internal static class HostReferences
{
    /// <summary>dotnet-script's imports.</summary>
    public static readonly string[] Imports =
    [
        "System", "System.IO", "System.Collections.Generic", "System.Console", "System.Diagnostics", "System.Dynamic",
            "System.Linq",
        "System.Linq.Expressions", "System.Text", "System.Threading.Tasks",
    ];

    /// <summary>Those of cells: what notebooks of .NET Interactive find imported besides.</summary>
    public static readonly string[] ImportsOfCells = [.. Imports, "Microsoft.DotNet.Interactive",
        "Microsoft.DotNet.Interactive.Formatting"];

    // Of the application's own assemblies, these are for scripts; the rest (Roslyn, NuGet...) are the host's affair.
    private static readonly string[] Offered =
        ["interactive", "Interactive.Engine", "Interactive.Extensions", "Interactive.MpiNet", "MPI", "TorchSharp",
            "System.Numerics.Tensors", "XPlot.Plotly", "ScottPlot", "SkiaSharp", "Spectre.Console"];

    private static readonly Lazy<IReadOnlyList<MetadataReference>> all = new(()
        => [.. Paths().Select(MappedAssembly.Reference)]);

    /// <summary>The default references.</summary>
    public static IReadOnlyList<MetadataReference> All => all.Value;

    /// <summary>
    /// A reference to a file that may be written anew meanwhile, with the documentation that lies beside it.
    /// </summary>
    public static MetadataReference Reference(string path) =>
        MetadataReference.CreateFromFile(path, documentation: new DocumentationFile(path));

    private static IEnumerable<string> Paths()
    {
        var framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        foreach (var path in ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator))
        {
            var name = Path.GetFileNameWithoutExtension(path);
            var ofFramework = Path.GetDirectoryName(path) == framework;
            if (ofFramework
                ? name.StartsWith("System.")
                || name is "mscorlib" or "netstandard" or "Microsoft.CSharp" or "Microsoft.Win32.Primitives"
                : Offered.Contains(name))
                yield return path;
        }
    }
}
