extern alias theirs;

using System.Diagnostics;
using System.IO.Compression;
using Interactive.Extensions.Display;
using Interactive.Extensions.DotnetInteractive;
using Interactive.Kernel.Notebooks;
using Interactive.Kernel.Scripting;
using Interactive.Kernel.Tests.Jupyter;
using Interactive.Kernel.Tests.Scripting;
using Microsoft.CodeAnalysis.CSharp.Scripting;
using Microsoft.CodeAnalysis.Scripting;
using theirs::Microsoft.DotNet.Interactive.Formatting;

namespace Interactive.Kernel.Tests.DotnetInteractive;

[Collection(ProcessWide.Name)]
[Trait("Speed", "slow")]
public sealed class ExtensionTests
{
    private static readonly string Configuration = AppContext.BaseDirectory.Contains("/Debug/") ? "Debug" : "Release";
    private static readonly string project = Path.Combine(ProjectFolder.Root, "src", "Extensions");

    private static List<string> Cells()
        => [.. Notebook.Read(Path.Combine(project, "DotnetInteractive", "extension.dib")).Cells.Select(c => c.Source)];

    [Fact]
    public async Task The_package_carries_the_script_where_the_host_looks_for_it()
    {
        using var folder = new TemporaryFolder();
        var start = new ProcessStartInfo("dotnet",
            ["pack", project, "-c", Configuration, "--no-build", "-o", folder.Path, "-v", "quiet",
            "-nologo"])
        { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, output);
        using var package = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(folder.Path, "*.nupkg")));
        using var reader = new StreamReader(package.GetEntry("interactive-extensions/dotnet/extension.dib")!.Open());
        Assert.Equal(File.ReadAllText(Path.Combine(project, "DotnetInteractive", "extension.dib")), reader.ReadToEnd());
        Assert.NotNull(package.GetEntry("lib/net10.0/Interactive.Extensions.dll"));
    }

    [Fact]
    public async Task Its_formatters_work_in_the_real_formatting_package()
    {
        // Not in a session of ours, whose cells know a class of the same name.
        await CSharpScript.RunAsync(Cells()[0],
            ScriptOptions.Default.AddReferences(typeof(Formatter).Assembly, typeof(Polyglot).Assembly,
            typeof(Enumerable).Assembly, System.Reflection.Assembly.Load("netstandard")));
        var figure = Extensions.Plots.Figure.Lines("A title", "x", "y",
            Extensions.Plots.Figure.Line("one", [1, 2], [1, 2], "#000000"));
        Assert.Contains("data:image/png;base64,", Formatter.ToDisplayString(figure, "text/html"));
        Assert.StartsWith("{", Formatter.ToDisplayString(figure, Mime.Plotly));
        Assert.Equal("Figure: A title (one)", Formatter.ToDisplayString(figure, "text/plain"));
        Assert.Equal([Mime.Html, Mime.Plotly, Mime.Text],
            Formatter.GetPreferredMimeTypesFor(typeof(Extensions.Plots.Figure)));
        using var tensor = TorchSharp.torch.ones(2);
        Assert.StartsWith("Tensor 2  Float32", Formatter.ToDisplayString(tensor, "text/plain"));
        Assert.Equal("only text", Formatter.ToDisplayString(MimeBundle.Plain("only text"), "text/plain"));
    }

    [Fact]
    public void The_convention_attribute_shows_types_in_the_real_formatting_package_without_the_script()
    {
        var run = new Extensions.Plots.RunMetrics("a run",
            System.Text.Json.JsonDocument.Parse("{\"model\":\"net\",\"ranks\":1}").RootElement, [], [],
            IsFinished: false);
        Assert.Equal(Polyglot.MimeTypes, Formatter.GetPreferredMimeTypesFor(typeof(Extensions.Plots.RunMetrics)));
        Assert.Contains("a run (not finished)", Formatter.ToDisplayString(run, "text/html"));
        Assert.Contains("net", Formatter.ToDisplayString(run, "text/plain"));
    }

    /// <summary>The real host: an open-source tool on NuGet.</summary>
    private const string Host = "Microsoft.dotnet-interactive", HostVersion = "1.0.712001";

    [SkippableFact]
    public async Task The_real_host_loads_the_package_shows_values_and_runs_the_directives()
    {
        JupyterClient.Require("jupyter_client", "python3-jupyter-client");
        var tool = Path.Combine(ProjectFolder.Root, "artifacts", "tools", $"{Host}-{HostVersion}");
        using var client = new JupyterClient();
        using var folder = new TemporaryFolder();
        var host = Path.Combine(tool, "dotnet-interactive");
        if (!File.Exists(host))
        {
            var (installed,
                output) = await client.Run("dotnet", folder.Path, "tool", "install", Host, "--version", HostVersion,
                "--tool-path", tool);
            Skip.If(installed != 0, $"{Host} {HostVersion} cannot be installed: {output}");
        }
        // A version of its own: NuGet would take one that it has seen before from its cache.
        var version = $"0.1.0-test{Environment.ProcessId}.{DateTime.UtcNow.Ticks}";
        foreach (var name in (string[])["Engine", "Extensions"])
        {
            var (packed,
                output) = await client.Run("dotnet", folder.Path, "pack", Path.Combine(ProjectFolder.Root, "src", name),
                "-c", Configuration, "--no-build", "-o", folder.Path, $"-p:Version={version}", "-v", "quiet",
                "-nologo");
            Assert.True(packed == 0, output);
        }
        folder.Write("kernels/polyglot/kernel.json", $$"""{ "argv": ["{{host}}", "jupyter", "--default-kernel", "csharp", "{connection_file}"], "display_name": "Polyglot", "language": "C#" }""");
        try
        {
            await client.Pass("polyglot_tests.py",
                environment: [("JUPYTER_PATH", folder.Path), ("POLYGLOT_FEED", folder.Path),
                ("POLYGLOT_VERSION", version),
            (ToolRun.ProgramVariable, Path.Combine(ProjectFolder.Root, "interactive")),
                ("DOTNET_INTERACTIVE_CLI_TELEMETRY_OPTOUT", "1")]);
        }
        finally
        {
            var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
                ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
            foreach (var name in (string[])["engine", "extensions"])
                if (Path.Combine(cache, $"interactive.{name}", version) is var restored && Directory.Exists(restored))
                    Directory.Delete(restored, recursive: true);
        }
    }
}
