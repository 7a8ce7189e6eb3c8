using Interactive.Kernel.Tests.Scripting;

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
