using System.Text.Json;
using Interactive.Kernel.Tests.Scripting;
using Interactive.Monitoring;
using Interactive.Runtime;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>The disk of the run directories fills in the middle of a training: one line, and afterwards the bits of a run on a disk with room.</summary>
public sealed class FullDiskTests
{
    // Saves after every 20 steps; at step 30 something else fills the disk, once.
    private const string Training = """
        using Interactive.Data; using Interactive.Graphs; using Interactive.Monitoring; using Interactive.Training;
        var data = new SyntheticData(512, new Shape(1, 8, 8), 4);
        TorchSharp.torch.manual_seed(1);
        var b = new GraphBuilder("net", data.Shape);
        var trainer = new Trainer(b.Build(b.Input.Flatten().Linear(256).Relu().Linear(4)), data, data, CommandLine.Parse(Args.Skip(1), new TrainerOptions
        {
            Name = "disk", Epochs = 1, BatchSize = 8, CheckpointEvery = 20, MemoryBudget = "90%", Progress = false,
        }), hooks: [new Others(Args[0])]);
        trainer.Run();
        class Others(string leave) : Hook
        {
            public override void AfterStep(Trainer trainer, TrainRecord record)
            {
                var others = System.IO.Path.Combine(trainer.Options.Out, "..", "others");
                if (record.Step != 30 || leave == "nobody" || !trainer.IsMain || System.IO.File.Exists(others + "-once")) return;
                System.IO.File.Create(others + "-once").Dispose();
                using var file = new System.IO.FileStream(others, System.IO.FileMode.Create, System.IO.FileAccess.Write, System.IO.FileShare.None, 0);
                try { while (true) file.Write(new byte[4096]); }
                catch (System.IO.IOException) { file.SetLength(file.Length - int.Parse(leave)); }
            }
        }
        """;

    private const string Full = @"No space left on device : '[^']+': the run ends after step (3\d|40), its last checkpoint is of step 20; with room for it, --resume goes on from there\n";

    [SkippableTheory, Trait("Speed", "long")]
    [InlineData("0", "")] // the next line of the metrics
    [InlineData("65536", "")] // the next checkpoint, and room for lines until then
    [InlineData("0", "--trace")] // whose file has been filling, too
    [InlineData("65536", "--trace")]
    public async Task A_run_ends_in_one_line_and_goes_on_with_its_bits(string leave, string more)
    {
        using var disk = SmallDisk.Mount();
        Skip.If(disk is null, SmallDisk.Why);
        using var folder = new TemporaryFolder();
        var (script, runs) = (folder.Write("train.csx", Training), Path.Combine(disk.Path, "runs"));
        string[] flags = ["--out", runs, .. more.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        var (exit, _, error) = await InteractiveProcess.Run(["run", script, "--", leave, .. flags]);
        Assert.Equal(FullDisk.ExitCode, exit);
        Assert.Matches($"^interactive: {Full}$", error);
        var run = RunDirectory.Find(runs, "disk");
        Assert.Equal(["step-000000020.safetensors"], Directory.GetFiles(run.Checkpoints, "step-*").Select(Path.GetFileName));
        Assert.Empty(Directory.GetFiles(run.Path, "*.tmp", SearchOption.AllDirectories));
        await IsToldAgain(script, leave, flags); // nobody has made room
        disk.Clear();
        (exit, _, error) = await InteractiveProcess.Run(["run", script, "--", leave, .. flags, "--resume"]);
        Assert.True(exit == 0, error);
        await HasTheBitsOfAnUncutRun(script, folder, run, "run");
    }

    [SkippableFact, Trait("Speed", "long")]
    public async Task A_job_of_two_ranks_is_not_started_again_before_there_is_room()
    {
        using var disk = SmallDisk.Mount();
        Skip.If(disk is null, SmallDisk.Why);
        using var folder = new TemporaryFolder();
        var (script, runs) = (folder.Write("train.csx", Training), Path.Combine(disk.Path, "runs"));
        var (exit, _, error) = await InteractiveProcess.Run("launch", "-n", "2", "--restarts", "2", script, "--", "65536", "--out", runs);
        Assert.Equal(FullDisk.ExitCode, exit);
        Assert.Matches($"^rank 0: {Full}interactive: the disk of the run takes no more: not started again\n$", error);
        disk.Clear();
        (exit, _, error) = await InteractiveProcess.Run("launch", "-n", "2", script, "--", "65536", "--out", runs, "--resume");
        Assert.True(exit == 0, error);
        await HasTheBitsOfAnUncutRun(script, folder, RunDirectory.Find(runs, "disk"), "launch", "-n", "2");
    }

    [SkippableFact, Trait("Speed", "long")]
    public async Task A_sweep_ends_in_one_line_and_goes_on_with_the_trial_that_had_no_room()
    {
        using var disk = SmallDisk.Mount();
        Skip.If(disk is null, SmallDisk.Why);
        using var folder = new TemporaryFolder();
        var (script, runs) = (folder.Write("train.csx", Training), Path.Combine(disk.Path, "runs"));
        string[] sweep = ["sweep", script, "--out", runs, "--set", "seed=1,2", "--", "65536"];
        var (exit, _, error) = await InteractiveProcess.Run(sweep);
        Assert.Equal(FullDisk.ExitCode, exit);
        Assert.Matches($"^interactive: {Full}interactive: trial 1 had no room for its run: [^\n]*\n$", error);
        Assert.False(File.Exists(Path.Combine(runs, "sweep-train", "trials.jsonl")));
        disk.Clear();
        (exit, _, error) = await InteractiveProcess.Run(sweep);
        Assert.True(exit == 0, error);
        Assert.Equal(2, File.ReadLines(Path.Combine(runs, "sweep-train", "trials.jsonl")).Count());
        await HasTheBitsOfAnUncutRun(script, folder, RunDirectory.Find(runs, "sweep-train-001"), "run");
    }

    [SkippableFact, Trait("Speed", "long")]
    public async Task A_disk_that_is_full_from_the_start_or_read_only_is_told_in_one_line()
    {
        using var disk = SmallDisk.Mount();
        Skip.If(disk is null, SmallDisk.Why);
        using var folder = new TemporaryFolder();
        var (script, runs) = (folder.Write("train.csx", Training), Path.Combine(disk.Path, "runs"));
        disk.Fill();
        var (exit, _, error) = await InteractiveProcess.Run("run", script, "--", "nobody", "--out", runs);
        Assert.Equal(FullDisk.ExitCode, exit);
        Assert.Matches("^interactive: No space left on device[^\n]*\n$", error);
        disk.Clear();
        (exit, _, error) = await InteractiveProcess.Run("run", script, "--", "nobody", "--out", runs, "--max-steps", "25");
        Assert.True(exit == 0, error);
        disk.Remount("ro");
        (exit, _, error) = await InteractiveProcess.Run("run", script, "--", "nobody", "--out", runs, "--resume");
        Assert.Equal(FullDisk.ExitCode, exit);
        Assert.Matches("^interactive: Read-only file system[^\n]*\n$", error);
        disk.Remount("rw");
        (exit, _, error) = await InteractiveProcess.Run("run", script, "--", "nobody", "--out", runs, "--resume");
        Assert.True(exit == 0, error);
        await HasTheBitsOfAnUncutRun(script, folder, RunDirectory.Find(runs, "disk"), "run");
    }

    [Theory]
    [InlineData(28, true)] // ENOSPC
    [InlineData(30, true)] // EROFS
    [InlineData(122, true)] // EDQUOT
    [InlineData(5, false)] // EIO: another node may do
    [InlineData(2, false)]
    public void A_disk_takes_no_more(int error, bool isFull)
    {
        var thrown = new IOException("told", error);
        Assert.Equal(isFull, FullDisk.IsIn(thrown));
        Assert.Equal(isFull, FullDisk.IsIn(new AggregateException(thrown)));
        Assert.Equal(isFull, FullDisk.IsIn(FullDisk.Say("with more to say", thrown)));
    }

    private static async Task IsToldAgain(string script, string leave, string[] flags)
    {
        var (exit, _, error) = await InteractiveProcess.Run(["run", script, "--", leave, .. flags, "--resume"]);
        Assert.Equal(FullDisk.ExitCode, exit);
        Assert.Matches("^interactive: No space left on device[^\n]*\n$", error);
    }

    private static async Task HasTheBitsOfAnUncutRun(string script, TemporaryFolder folder, RunDirectory run, params string[] how)
    {
        var uncut = Directory.CreateDirectory(Path.Combine(folder.Path, "uncut")).FullName;
        var (exit, _, error) = await InteractiveProcess.Run([.. how, script, "--", "nobody", "--out", uncut]);
        Assert.True(exit == 0, error);
        var whole = RunDirectory.Find(uncut, "disk");
        Assert.True(run.IsFinished);
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Checkpoints, "best.safetensors")), File.ReadAllBytes(Path.Combine(run.Checkpoints, "best.safetensors")));
        Assert.Equal(Losses(whole), Losses(run));
    }

    private static string[] Losses(RunDirectory run)
        => [.. File.ReadLines(run.Metrics).Select(line => JsonDocument.Parse(line).RootElement).Select(e => $"{e.GetProperty("step")} {e.GetProperty("loss").GetRawText()}")];
}
