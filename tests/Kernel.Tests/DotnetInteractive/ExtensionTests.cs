using System.Diagnostics;
using System.IO.Compression;
using Interactive.Extensions.Display;
using Interactive.Extensions.DotnetInteractive;
using Interactive.Kernel.Notebooks;
using Interactive.Kernel.Scripting;
using Interactive.Kernel.Tests.Scripting;
using Microsoft.DotNet.Interactive.Formatting;

namespace Interactive.Kernel.Tests.DotnetInteractive;

[Collection(ProcessWide.Name)]
public sealed class ExtensionTests
{
    private static readonly string project = Path.Combine(Root(), "src", "Extensions");

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Interactive.sln"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    private static List<string> Cells() => [.. Notebook.Read(Path.Combine(project, "DotnetInteractive", "extension.dib")).Cells.Select(c => c.Source)];

    private static async Task<object?> Run(ScriptSession session, string code)
    {
        var result = await session.RunAsync(code, "extension.dib");
        if (result.Error is not null) throw new InvalidOperationException(result.Error.Message, result.Error);
        return result.Value;
    }

    [Fact]
    public async Task The_package_carries_the_script_where_the_host_looks_for_it()
    {
        using var folder = new TemporaryFolder();
        var configuration = AppContext.BaseDirectory.Contains("/Debug/") ? "Debug" : "Release";
        var start = new ProcessStartInfo("dotnet", ["pack", project, "-c", configuration, "--no-build", "-o", folder.Path, "-v", "quiet", "-nologo"]) { RedirectStandardOutput = true };
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
        using var session = new ScriptSession();
        await Run(session, $"#r \"{typeof(Formatter).Assembly.Location}\"\n{Cells()[0]}");
        var figure = Extensions.Plots.Figure.Lines("A title", "x", "y", Extensions.Plots.Figure.Line("one", [1, 2], [1, 2], "#000000"));
        Assert.Contains("data:image/png;base64,", Formatter.ToDisplayString(figure, "text/html"));
        Assert.StartsWith("{", Formatter.ToDisplayString(figure, Mime.Plotly));
        Assert.Equal("Figure: A title (one)", Formatter.ToDisplayString(figure, "text/plain"));
        Assert.Equal(Polyglot.MimeTypes, Formatter.GetPreferredMimeTypesFor(typeof(Extensions.Plots.Figure)));
        using var tensor = TorchSharp.torch.ones(2);
        Assert.StartsWith("Tensor 2  Float32", Formatter.ToDisplayString(tensor, "text/plain"));
        Assert.Equal("only text", Formatter.ToDisplayString(MimeBundle.Plain("only text"), "text/plain"));
    }

    [Fact]
    public void The_convention_attribute_shows_types_in_the_real_formatting_package_without_the_script()
    {
        var run = new Extensions.Plots.RunMetrics("a run", System.Text.Json.JsonDocument.Parse("{\"model\":\"net\",\"ranks\":1}").RootElement, [], [], IsFinished: false);
        Assert.Equal(Polyglot.MimeTypes, Formatter.GetPreferredMimeTypesFor(typeof(Extensions.Plots.RunMetrics)));
        Assert.Contains("a run (not finished)", Formatter.ToDisplayString(run, "text/html"));
        Assert.Contains("net", Formatter.ToDisplayString(run, "text/plain"));
    }

    [Fact]
    public async Task Its_directives_and_live_displays_work_against_a_stand_in_for_the_host()
    {
        using var folder = new TemporaryFolder();
        using var session = new ScriptSession();
        var (host, program) = (DisplayHost.Current, folder.Write("interactive", "#!/bin/sh\necho \"$@\" >&2\ncase $1 in plan) echo '{\"model\":\"net\",\"planner\":\"optimal\",\"feasible\":true,\"plainPeakBytes\":4194304,\"predictedPeakBytes\":2097152,\"predictedOverhead\":0.1,\"pareto\":[],\"planners\":[]}';; bench) echo '{\"results\":[{\"model\":\"net\",\"ranks\":8,\"net\":\"25g\",\"computeSeconds\":1,\"stepSeconds\":2,\"efficiency\":0.5}]}';; *) echo one; echo two; exit 3;; esac\n"));
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Environment.SetEnvironmentVariable(ToolRun.ProgramVariable, program);
        try
        {
            await Run(session, $"#r \"{StandIn.Compile(folder.Path)}\"\n#r \"{typeof(Formatter).Assembly.Location}\"\nusing Microsoft.DotNet.Interactive;");
            foreach (var cell in Cells()) await Run(session, cell);
            Assert.Equal("#!memory --model --batch --image --budget|#!mpirun --ranks --script|#!plan --model --batch --image --budget|#!scaling --ranks --sizes --simulate --model --net",
                await Run(session, "string.Join(\"|\", Kernel.Root.Known.Values.Select(k => k.Directive.Name + \" \" + string.Join(\" \", k.Directive.Parameters.Select(p => p.Name))).Order())"));

            var id = DisplayHost.Current.Display(MimeBundle.Plain("first"));
            DisplayHost.Current.Update(id, MimeBundle.Plain("second"));
            const string shown = "((Interactive.Extensions.Display.MimeBundle)KernelInvocationContext.Current.Shown[^1].Value).Text";
            Assert.Equal("second", await Run(session, shown));

            await Run(session, "var done = ((Func<InteractivePlanCommand, KernelInvocationContext, Task>)Kernel.Root.Known[\"#!plan\"].Handler)(new() { Model = \"net\" }, KernelInvocationContext.Current); await done;");
            Assert.StartsWith("net, optimal: 2 MiB of activations (50 % of plain), 10.0 % extra time", (string)(await Run(session, shown))!);

            await Run(session, "var done = ((Func<InteractiveScalingCommand, KernelInvocationContext, Task>)Kernel.Root.Known[\"#!scaling\"].Handler)(new() { Simulate = \"8\" }, KernelInvocationContext.Current); await done;");
            Assert.Contains("net        8  25g     2000.0         1000.0           50.0", (string)(await Run(session, shown))!);

            const string launch = "var done = ((Func<InteractiveMpirunCommand, KernelInvocationContext, Task>)Kernel.Root.Known[\"#!mpirun\"].Handler)(new() { Ranks = \"2\", Script = SCRIPT }, KernelInvocationContext.Current); await done;";
            var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => Run(session, launch.Replace("SCRIPT", "\"a.csx\"")));
            Assert.Equal("the job on 2 ranks ended with exit code 3: launch -n 2 a.csx", failure.Message);
            failure = await Assert.ThrowsAsync<InvalidOperationException>(() => Run(session, launch.Replace("SCRIPT", "null")));
            Assert.Equal("#!mpirun --ranks N --script FILE.csx", failure.Message);
        }
        finally
        {
            Environment.SetEnvironmentVariable(ToolRun.ProgramVariable, null);
            DisplayHost.Current = host;
        }
    }
}
