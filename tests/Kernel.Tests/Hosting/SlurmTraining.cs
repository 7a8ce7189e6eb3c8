using System.Diagnostics;
using System.Text.Json;
using Interactive.Kernel.Tests.Scripting;
using Interactive.Monitoring;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>
/// A training of 192 steps on two ranks as jobs of a Slurm cluster, slow until it is let go, and the same one that nobody cuts.
/// </summary>
internal sealed class SlurmTraining : IDisposable
{
    private readonly SlurmCluster cluster;
    private readonly TemporaryFolder folder = new();
    private readonly string pause;

    public SlurmTraining(SlurmCluster cluster)
    {
        this.cluster = cluster;
        pause = folder.Write("pause", "200");
        Script = folder.Write("train.csx", $$"""
            using Interactive.Data; using Interactive.Graphs; using Interactive.Monitoring; using Interactive.Training;
            var data = new SyntheticData(512, new Shape(1, 8, 8), 4);
            TorchSharp.torch.manual_seed(1);
            var b = new GraphBuilder("net", data.Shape);
            var trainer = new Trainer(b.Build(b.Input.Flatten().Linear(4)), data, data, CommandLine.Parse(Args, new TrainerOptions
            {
                Name = "job" + Environment.GetEnvironmentVariable("SLURM_ARRAY_TASK_ID"), Epochs = 3, BatchSize = 8, CheckpointEvery = 20, Progress = false,
            }), hooks: [new Slow()]);
            trainer.Run();
            class Slow : Hook
            {
                public override void AfterStep(Trainer trainer, TrainRecord record) => System.Threading.Thread.Sleep(int.Parse(System.IO.File.ReadAllText("{{pause}}")));
            }
            """);
    }

    public string Script { get; }

    /// <summary>Of the run directories, and of the jobs' logs.</summary>
    public string Runs { get; init; } = Directory.CreateTempSubdirectory("slurm-runs").FullName;

    /// <summary>The latest job.</summary>
    public string Job { get; private set; } = "";

    public string Log => string.Concat(Directory.GetFiles(Runs, "slurm-*.out").Order().Select(File.ReadAllText));

    public RunDirectory Run => RunDirectory.Find(Runs, Name);

    public string Name { get; init; } = "job";

    /// <summary>How its two ranks are spread, as submit has it.</summary>
    public string[] Ranks { get; init; } = ["--ranks-per-node", "2"];

    /// <summary>Steps that have been written.</summary>
    public int Steps => Directory.GetDirectories(Runs, $"*-{Name}").Select(run => Path.Combine(run, "metrics.jsonl")).Where(File.Exists)
        .Sum(file => File.ReadLines(file).Count());

    public int Count(string kind) => Directory.GetDirectories(Runs, $"*-{Name}").Length == 0 ? 0 : RunEvents.Read(Run).Count(e => e.Kind == kind);

    public Task<(int Exit, string Out, string Error)> Slurm(params string[] arguments)
        => InteractiveProcess.RunUnder(("SLURM_CONF", cluster.Configuration), ["slurm", .. arguments]);

    /// <summary>Has each step take so many milliseconds.</summary>
    public void Wait(int milliseconds) => File.WriteAllText(pause, milliseconds.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Submits it, and waits until it has made steps beyond those that are there.</summary>
    public async Task Submit(params string[] options)
    {
        var (before, submitted) = (Steps, await Slurm(["submit", Script, .. Ranks, "--out", Runs, "--json", "--option=--exclusive", .. options, "--", "--out", Runs]));
        Assert.True(submitted.Exit == 0, submitted.Error);
        Job = JsonDocument.Parse(submitted.Out).RootElement.GetProperty("job").GetString()!;
        await Until(() => Steps > Math.Max(before, 25), "it trains");
    }

    /// <summary>Waits for the job to be in the queue again, and starts it: Slurm alone would wait for two minutes.</summary>
    public async Task StartAgain(string? job = null)
    {
        job ??= Job;
        await Until(() => cluster.Run($"squeue -h -j {job} -o %T").Trim() == "PENDING", "it waits again");
        // Of a job that was killed in the same second slurmd says "already killed", and ends it: Slurm's own two minutes are for that, too.
        await Task.Delay(3000);
        cluster.Run($"scontrol update jobid={job} starttime=now");
    }

    /// <summary>Lets the training go, until it is finished.</summary>
    public async Task Finish()
    {
        Wait(0);
        await Until(() => Directory.GetDirectories(Runs, $"*-{Name}").Length == 1 && Run.IsFinished, "it finishes");
    }

    /// <summary>Fails unless parameters and losses have the bits of a run that nobody cut.</summary>
    public async Task HasTheBitsOfAnUncutRun()
    {
        var uncut = Directory.CreateDirectory(Path.Combine(folder.Path, "uncut")).FullName;
        var (exit, _, error) = await InteractiveProcess.Run("launch", "-n", "2", Script, "--", "--out", uncut, "--name", "job");
        Assert.True(exit == 0, error);
        var whole = RunDirectory.Find(uncut, "job");
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Checkpoints, "best.safetensors")), File.ReadAllBytes(Path.Combine(Run.Checkpoints, "best.safetensors")));
        Assert.Equal(Losses(whole), Losses(Run));
    }

    public async Task Until(Func<bool> holds, string what)
    {
        for (var patience = Stopwatch.StartNew(); !holds(); await Task.Delay(300))
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(4), $"{what}: not within 4 minutes\n{Log}\n{cluster.Run($"scontrol show job {Job}; sinfo")}");
    }

    private static string[] Losses(RunDirectory run)
        => [.. File.ReadLines(run.Metrics).Select(line => JsonDocument.Parse(line).RootElement).Select(e => $"{e.GetProperty("step")} {e.GetProperty("loss").GetRawText()}")];

    public void Dispose()
    {
        cluster.Run("scancel --me");
        cluster.Run($"pkill -9 -f -n '[i]nteractive.dll run {Script}'");
        folder.Dispose();
        Directory.Delete(Runs, recursive: true);
    }
}
