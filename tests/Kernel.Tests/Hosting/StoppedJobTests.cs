using System.Diagnostics;
using System.Runtime.InteropServices;
using Interactive.Collectives.Mpi;
using Interactive.Kernel.Scripting;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>
/// A training job that is asked to end as terminals and schedulers ask: the whole process group gets the signal. Each
/// MPI's launcher would kill ranks that still save.
/// </summary>
[Trait("Speed", "slow")]
public sealed class StoppedJobTests
{
    private const string Script = """
        using Interactive.Data; using Interactive.Graphs; using Interactive.Training;
        var data = new SyntheticData(4096, new Shape(1, 8, 8), 4);
        var b = new GraphBuilder("net", data.Shape);
        new Trainer(b.Build(b.Input.Flatten().Linear(4)), data, data, CommandLine.Parse(Args, new TrainerOptions { Epochs = 100000, BatchSize = 8, CheckpointEvery = 0 })).Run();
        """;

    [SkippableTheory]
    [InlineData("openmpi", 15, 143, "SIGTERM")]
    [InlineData("mpich", 15, 143, "SIGTERM")]
    [InlineData("openmpi", 2, 130, "Ctrl-C")]
    [InlineData("mpich", 2, 130, "Ctrl-C")]
    public async Task TheGroupIsAskedToEnd_TheRunIsSavedAndSaysSo(string mpi, int signal, int exit, string name)
    {
        Skip.If(MpiLauncher.Installed().All(m => !m.Path.EndsWith(mpi, StringComparison.Ordinal)),
            $"mpirun.{mpi} is not installed");
        Skip.If(IsIgnored(signal), $"signal {signal} is ignored here, as shells have it for what they start in the background, and so it is by a job");
        using var folder = new TemporaryFolder();
        var start = new ProcessStartInfo("setsid",
            ["dotnet", typeof(ScriptSession).Assembly.Location, "launch", "-n", "2", "--mpi", mpi,
            folder.Write("train.csx", Script), "--", "--out", folder.Path, "--no-progress"])
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        };
        using var job = Process.Start(start)!;
        var (output, error) = (job.StandardOutput.ReadToEndAsync(), job.StandardError.ReadToEndAsync());
        for (var patience = Stopwatch.StartNew(); !Steps(folder.Path) && patience.Elapsed < TimeSpan.FromMinutes(2);)
            await Task.Delay(100);
        Assert.Equal(0, kill(-job.Id, signal));
        await job.WaitForExitAsync();
        var said = await error;
        Assert.True(job.ExitCode == exit, $"exit code {job.ExitCode}: {said}{await output}");
        Assert.Matches($@"^stopped by {name} after step \d+ of \d+; .+ is saved: --resume goes on from there\n$", said);
        Assert.Single(Directory.GetFiles(folder.Path, "step-*.safetensors", SearchOption.AllDirectories));
    }

    private static bool IsIgnored(int signal)
        => (Convert.ToUInt64(File.ReadLines("/proc/self/status")
        .First(l => l.StartsWith("SigIgn:", StringComparison.Ordinal))[7..].Trim(), 16) & 1UL << (signal - 1)) != 0;

    private static bool Steps(string folder)
        => Directory.GetFiles(folder, "metrics.jsonl", SearchOption.AllDirectories)
        .Any(f => new FileInfo(f).Length > 0);

    [DllImport("libc")] private static extern int kill(int process, int signal);
}
