using System.Diagnostics;
using Interactive.Kernel.Hosting.Slurm;
using Interactive.Kernel.Tests.Scripting;
using Interactive.Monitoring;

namespace Interactive.Kernel.Tests.Hosting;

public sealed class SlurmTests
{
    [Fact]
    public void The_script_is_this()
    {
        var batch = new BatchScript("train.csx", ["--epochs", "2", "--name", "it's"], 2, 2, "1:00:00", 120, true, "low",
            "fashion-mnist", "runs", ["--exclude=n1"], []);
        Assert.Equal("""
            #!/bin/bash
            #SBATCH --job-name=fashion-mnist
            #SBATCH --nodes=2
            #SBATCH --ntasks-per-node=2
            #SBATCH --time=1:00:00
            #SBATCH --partition=low
            #SBATCH --open-mode=append
            #SBATCH --output=runs/slurm-%j.out
            #SBATCH --requeue
            #SBATCH --signal=B:USR1@120
            #SBATCH --exclude=n1
            exec ./interactive batch train.csx -- --epochs 2 --name 'it'\''s' --resume

            """, batch.ToText(["./interactive"]));
    }

    // As sbatch where it reaches no controller.
    [Fact]
    public void A_program_that_ends_without_reading_has_the_last_word()
        => Assert.Equal((3, "", "no controller\n"),
        SlurmTool.Try("sh", ["-c", "exec 0<&-; echo no controller >&2; exit 3"], new string('x', 1 << 20)));

    [Fact]
    public void A_task_of_an_array_is_named_alone()
    {
        SlurmJob Read(params (string, string)[] variables)
            => SlurmJob.Read(name => variables.FirstOrDefault(v => v.Item1 == name).Item2);
        Assert.Equal(new("7", 1, 1, 0), Read(("SLURM_JOB_ID", "7")));
        Assert.Equal(new("5_3", 4, 2, 1),
            Read(("SLURM_JOB_ID", "7"), ("SLURM_ARRAY_JOB_ID", "5"), ("SLURM_ARRAY_TASK_ID", "3"),
            ("SLURM_NTASKS", "4"), ("SLURM_JOB_NUM_NODES", "2"), ("SLURM_RESTART_COUNT", "1")));
        Assert.Contains("slurm submit", Assert.Throws<UsageException>(() => Read()).Message);
    }

    private const string Script = """
        using Interactive.Data; using Interactive.Graphs; using Interactive.Monitoring; using Interactive.Training;
        var data = new SyntheticData(512, new Shape(1, 8, 8), 4);
        TorchSharp.torch.manual_seed(1);
        var b = new GraphBuilder("net", data.Shape);
        var trainer = new Trainer(b.Build(b.Input.Flatten().Linear(4)), data, data, CommandLine.Parse(Args, new TrainerOptions { Name = "job", Epochs = 3, BatchSize = 8, CheckpointEvery = 20, Progress = false }), hooks: [new Slow()]);
        trainer.Run();
        class Slow : Hook
        {
            static readonly int pause = int.Parse(Environment.GetEnvironmentVariable("PAUSE") ?? "0");
            public override void AfterStep(Trainer trainer, TrainRecord record) => System.Threading.Thread.Sleep(pause);
        }
        """;

    // A rank is killed, the ranks start again within the job; its time runs out, it is requeued; then it finishes: with
    // the bits of an uncut run.
    [SkippableFact, Trait("Speed", "slow")]
    public async Task A_job_survives_a_killed_rank_and_its_time_limit()
    {
        var (cluster, why) = SlurmCluster.Start(26917);
        Skip.If(cluster is null, why);
        using var _ = cluster;
        using var folder = new TemporaryFolder();
        var script = folder.Write("train.csx", Script);
        var runs = Path.Combine(folder.Path, "runs");
        async Task<(int Exit, string Out, string Error)> Slurm(params string[] arguments)
            => await InteractiveProcess.RunUnder(("SLURM_CONF", cluster!.Configuration), ["slurm", .. arguments]);

        Assert.Matches("^interactive: .*[Ii]nvalid partition[^\n]*\n$",
            (await Slurm("submit", script, "--partition", "nowhere", "--out", runs)).Error);
        Environment.SetEnvironmentVariable("PAUSE", "200");
        var submitted = await Slurm("submit", script, "--ranks-per-node", "2", "--time", "15", "--lead", "60",
            "--requeue", "--out", runs, "--json", "--", "--out", runs);
        Environment.SetEnvironmentVariable("PAUSE", null);
        Assert.True(submitted.Exit == 0, submitted.Error);
        var id = System.Text.Json.JsonDocument.Parse(submitted.Out).RootElement.GetProperty("job").GetString()!;

        await Until(() => Steps(runs) > 25, "it trains");
        Assert.Contains(id, (await Slurm("status")).Out);
        cluster!.Run($"pkill -9 -f -n '[i]nteractive.dll run {script}'");
        await Until(() => Log().Contains("restart 1 of 3"), "the ranks start again within the job");
        await Until(() => RunEvents.Read(RunDirectory.Find(runs, "job")).Count(e => e.Kind == "first-step") == 2,
            "it goes on");
        cluster.Run($"scancel --batch --signal=USR1 {id}"); // as Slurm does before the limit
        await Until(() => Log().Contains("requeued (1 of 20)"), "its time is up");
        await Until(() => cluster.Run($"squeue -h -j {id} -o %T").Trim() == "PENDING", "it waits again");
        cluster.Run($"scontrol update jobid={id} starttime=now");
        await Until(() => Directory.GetFiles(runs, "finished", SearchOption.AllDirectories).Length == 1, "it finishes");
        Assert.Contains("resuming", (await Slurm("logs", id, "--out", runs)).Out);

        var run = RunDirectory.Find(runs, "job");
        Assert.True(RunEvents.Read(run).Count(e => e.Kind == "start") == 3, string.Join('\n', RunEvents.Read(run)));
        var uncut = await InteractiveProcess.Run("launch", "-n", "2", script, "--", "--out",
            Path.Combine(folder.Path, "uncut"));
        Assert.True(uncut.Exit == 0, uncut.Error);
        Assert.Equal(Bits(RunDirectory.Find(Path.Combine(folder.Path, "uncut"), "job")), Bits(run));
        Assert.Equal(Losses(RunDirectory.Find(Path.Combine(folder.Path, "uncut"), "job")), Losses(run));

        string Log()
            => Directory.Exists(runs) && File.Exists(Path.Combine(runs, $"slurm-{id}.out"))
            ? File.ReadAllText(Path.Combine(runs, $"slurm-{id}.out")) : "";

        async Task Until(Func<bool> holds, string what)
        {
            for (var patience = Stopwatch.StartNew(); !holds(); await Task.Delay(300))
                Assert.True(patience.Elapsed < TimeSpan.FromMinutes(3),
                    $"{what}: not within 3 minutes\n{Log()}\n{cluster!.Run($"scontrol show job {id}")}");
        }
    }

    private static int Steps(string runs)
        => Directory.Exists(runs)
        ? Directory.GetFiles(runs, "metrics.jsonl", SearchOption.AllDirectories).Sum(f => File.ReadLines(f).Count())
        : 0;

    private static byte[] Bits(RunDirectory run)
        => File.ReadAllBytes(Path.Combine(run.Checkpoints, "best.safetensors"));

    private static string[] Losses(RunDirectory run)
        => [.. File.ReadLines(run.Metrics).Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement)
        .Select(e => $"{e.GetProperty("step")} {e.GetProperty("loss").GetRawText()}")];
}
