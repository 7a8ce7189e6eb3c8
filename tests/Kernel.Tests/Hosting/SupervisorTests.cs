using Interactive.Kernel.Tests.Scripting;
using Interactive.Monitoring;

namespace Interactive.Kernel.Tests.Hosting;

[Trait("Speed", "slow")]
public sealed class SupervisorTests
{
    // Rank 0 keeps a run as the trainer does. Without --resume something happens before it is finished.
    private const string Job = """
        using Interactive.Collectives;
        using Interactive.Monitoring;
        var world = World.Current;
        var root = Args[0];
        var resume = Args.Contains("--resume");
        var run = world.Rank > 0 ? null : (resume ? RunDirectory.NewestUnfinished(root, "job") : null) ?? RunDirectory.Create(root, "job");
        if (run != null) File.AppendAllText(Path.Combine(run.Path, "log"), resume ? "resumed\n" : "begun\n");
        world.Barrier();
        if (!resume && Args[1] == "kill" && world.Rank == 1) Process.GetCurrentProcess().Kill();
        if (!resume && Args[1] == "hang") System.Threading.Thread.Sleep(-1);
        if (Args[1] == "fail") return 7;
        if (resume || Args[1] == "finish") run?.Finish();
        """;

    // So many steps were asked for: they have been made, and the next start goes on from there.
    [SkippableFact]
    public async Task A_run_that_is_cut_by_max_steps_has_done_what_it_was_asked_for()
    {
        Skip.IfNot(File.Exists("/usr/bin/mpirun.openmpi"), "mpirun.openmpi is not installed");
        using var folder = new TemporaryFolder();
        var script = folder.Write("train.csx", """
            using Interactive.Data; using Interactive.Graphs; using Interactive.Training;
            var data = new SyntheticData(64, new Shape(1, 8, 8), 4);
            var b = new GraphBuilder("net", data.Shape);
            new Trainer(b.Build(b.Input.Flatten().Linear(4)), data, data, CommandLine.Parse(Args, new TrainerOptions { Name = "cut", BatchSize = 8, Progress = false })).Run();
            """);
        var (exit, _, error) = await InteractiveProcess.Run("launch", "-n", "2", "--mpi", "openmpi", "--restarts", "2", script, "--", "--out", folder.Path, "--max-steps", "5");
        Assert.True(exit == 0, error);
        Assert.Equal("", error);
        var run = RunDirectory.Find(folder.Path, "cut");
        Assert.False(run.IsFinished);
        Assert.Equal(["start", "first-step", "stop"], RunEvents.Read(run).Select(e => e.Kind));
    }

    // Outside of any operation, so that no watchdog sees it.
    [SkippableTheory]
    [InlineData("openmpi", 0)]
    [InlineData("openmpi", 1)]
    [InlineData("mpich", 1)]
    public async Task A_rank_that_ends_by_itself_is_named_in_one_line(string mpi, int rank)
    {
        Skip.IfNot(File.Exists($"/usr/bin/mpirun.{mpi}"), $"mpirun.{mpi} is not installed");
        using var folder = new TemporaryFolder();
        var script = folder.Write("leave.csx", $"""
            var world = Interactive.Collectives.World.Current;
            world.Barrier();
            if (world.Rank == {rank}) Environment.Exit(0);
            world.Barrier();
            """);
        var (exit, _, error) = await InteractiveProcess.Run("launch", "-n", "2", "--mpi", mpi, script);
        Assert.Equal(1, exit);
        Assert.Matches($@"^rank {rank}: its program has ended, while rank {1 - rank} is at barrier \(0 elements, operation \d+\): all ranks make the same calls\n(Abort\(1\) on node[^\n]*\n)?$", error); // MPICH has a line of its own
    }

    [SkippableTheory]
    [InlineData("finish", 0, "begun\n", "")]
    [InlineData("kill", 0, "begun\nresumed\n", "before the run finished: restart 1 of 2 from the last checkpoint")]
    [InlineData("lie", 0, "begun\nresumed\n", "ended with exit code 0 before the run finished: restart 1 of 2")]
    [InlineData("hang", 0, "begun\nresumed\n", "nothing was written for 30 s before the run finished: restart 1 of 2")]
    [InlineData("fail", 7, "begun\nresumed\nresumed\n", "before the run finished; no restart is left")]
    public async Task Job_IsStartedAgainUntilFinished(string what, int code, string log, string message)
    {
        Skip.IfNot(File.Exists("/usr/bin/mpirun.openmpi"), "mpirun.openmpi is not installed");
        using var folder = new TemporaryFolder();
        var script = folder.Write("job.csx", Job);
        var runs = Path.Combine(folder.Path, "runs");
        // Ranks that only start slowly must not count as hung.
        var stall = what == "hang" ? "30" : "600";
        var (exit, output,
            error) = await InteractiveProcess.Run("launch", "-n", "2", "--mpi", "openmpi", "--restarts", "2", "--stall",
            stall, script, "--", runs, what);
        Assert.True(exit == code, error + output);
        var run = Assert.Single(Directory.GetDirectories(runs)); // resumed, not begun anew
        Assert.Equal(log, File.ReadAllText(Path.Combine(run, "log")));
        Assert.Equal(code == 0, File.Exists(Path.Combine(run, "finished")));
        Assert.Contains(message, error);
    }
}
