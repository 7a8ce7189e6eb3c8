using System.Text.Json;
using Interactive.Monitoring;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>A sweep whose trials are jobs of a real Slurm.</summary>
public sealed class SlurmSweepTests : IDisposable
{
    private readonly SlurmCluster? cluster;
    private readonly string why;

    public SlurmSweepTests() => (cluster, why) = SlurmCluster.Start(26987);

    public void Dispose() => cluster?.Dispose();

    // The sweep is killed while its jobs train; another start watches them, and one that was cancelled counts as failed.
    [SkippableFact, Trait("Speed", "slow")]
    public async Task Jobs_outlive_the_sweep_and_none_is_submitted_twice()
    {
        Skip.If(cluster is null, why);
        using var job = new SlurmTraining(cluster);
        string[] sweep = ["sweep", job.Script, "--slurm", "--out", job.Runs, "--set", "learning-rate=0.1,0.05,0.01", "--json", "--option=--mem=100M", "--", "--epochs", "1"];
        using (var first = InteractiveProcess.StartUnder(("SLURM_CONF", cluster.Configuration), sweep))
        {
            await job.Until(() => Enumerable.Range(1, 3).All(trial => Steps(job, trial) > 5), "all trials train at the same time");
            first.Kill(); // the sweep alone
            await first.WaitForExitAsync();
        }
        cluster.Run($"scancel {File.ReadAllText(Path.Combine(job.Runs, "sweep-train", "sweep-train-003.job"))}");
        await job.Until(() => Run(job, 3) is { IsLive: false }, "the cancelled one ends");
        job.Wait(0);
        var (exit, output, error) = await InteractiveProcess.RunUnder(("SLURM_CONF", cluster.Configuration), sweep);
        Assert.True(exit == 0, error);
        var trials = JsonDocument.Parse(output.Trim().Split('\n')[^1]).RootElement.GetProperty("trials").EnumerateArray()
            .OrderBy(t => t.GetProperty("trial").GetInt32()).ToList();
        Assert.Equal(["finished", "finished", "failed"], trials.Select(t => t.GetProperty("state").GetString()));
        Assert.Equal(["sweep-train-001", "sweep-train-002", "sweep-train-003"],
            cluster.Run("scontrol --oneliner show job | grep -o 'JobName=[^ ]*'").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line["JobName=".Length..]).Order());
        Assert.Equal([1, 1, 1], Enumerable.Range(1, 3).Select(trial => RunEvents.Read(Run(job, trial)!).Count(e => e.Kind == "start")));
        Assert.Empty(Directory.GetFiles(Path.Combine(job.Runs, "sweep-train"), "*.job"));
    }

    [SkippableFact, Trait("Speed", "slow")]
    public async Task What_all_trials_are_refused_for_is_said_once_and_ends_the_sweep()
    {
        Skip.If(cluster is null, why);
        using var job = new SlurmTraining(cluster);
        var (exit, _, error) = await InteractiveProcess.RunUnder(("SLURM_CONF", cluster.Configuration),
            "sweep", job.Script, "--slurm", "--out", job.Runs, "--set", "batch-size=-1,-2", "--option=--mem=100M");
        Assert.Equal(2, exit);
        Assert.Matches("^interactive: the first trial was refused [^\n]*\n$", error);
        Assert.False(File.Exists(Path.Combine(job.Runs, "sweep-train", "trials.jsonl")));
    }

    private static RunDirectory? Run(SlurmTraining job, int trial) => RunDirectory.All(job.Runs).LastOrDefault(r => r.Name == $"sweep-train-{trial:D3}");
    private static int Steps(SlurmTraining job, int trial) => Run(job, trial) is { } run ? File.ReadLines(run.Metrics).Count() : 0;
}
