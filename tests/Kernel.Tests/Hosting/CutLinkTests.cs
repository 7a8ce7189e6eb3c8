using Interactive.Engine.Tests.Collectives;
using Interactive.Kernel.Scripting;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

[Trait("Speed", "slow")]
public sealed class CutLinkTests
{
    private const int Hosts = 3;

    // The first attempt never ends by itself.
    private const string Job = """
        using Interactive.Collectives;
        using Interactive.Monitoring;
        var world = World.Current;
        var resume = Args.Contains("--resume");
        var run = world.Rank > 0 ? null : (resume ? RunDirectory.NewestUnfinished(Args[0], "job") : null) ?? RunDirectory.Create(Args[0], "job");
        if (run != null) File.AppendAllText(Path.Combine(run.Path, "log"), resume ? "resumed\n" : "begun\n");
        world.Barrier();
        Console.WriteLine($"rank {world.Rank} pid {Environment.ProcessId}");
        while (!resume) world.Barrier();
        run?.Finish();
        """;

    // Attempts while the host is away fail, one after another or by stalling: there are more restarts than that can
    // take.
    [SkippableFact]
    public void Job_IsFinishedAfterAHostWasCutOff()
    {
        using var rig = new Rig(Hosts, "1gbit");
        using var folder = new TemporaryFolder();
        var (script, runs) = (folder.Write("job.csx", Job), Path.Combine(folder.Path, "runs"));
        var start = rig.FromFirstHost(Path.Combine(folder.Path, "hosts"), "dotnet",
            typeof(ScriptSession).Assembly.Location,
            "launch", "-n", $"{Hosts}", "--mpi", "openmpi", "--restarts", "20", "--stall", "90", script, "--", runs);
        // Also the ranks' patience until they have found each other, on a machine with other work.
        start.Environment["INTERACTIVE_TIMEOUT"] = "20";
        using var job = MpiJob.Start(start);

        Until(() => Enumerable.Range(0, Hosts).All(rank => Pid(job, rank) is not null), job);
        var pids = Enumerable.Range(0, Hosts).Select(rank => Pid(job, rank)).ToList();
        rig.Link(1, isUp: false);
        Until(() => pids.All(pid => !Directory.Exists($"/proc/{pid}")), job);
        Assert.Contains(job.Lines,
            line
            => line.Contains("has not finished for 20 s") && line.Contains("rank 1 (pid ")
            && line.Contains("does not answer"));
        rig.Link(1, isUp: true);

        Assert.True(job.Wait(400) == 0, job.Output);
        var run = Assert.Single(Directory.GetDirectories(runs)); // resumed, not begun anew
        Assert.StartsWith("begun\nresumed\n", File.ReadAllText(Path.Combine(run, "log")));
        Assert.True(File.Exists(Path.Combine(run, "finished")));
        Assert.Contains("before the run finished: restart 1 of 20 from the last checkpoint", job.Output);
    }

    private static string? Pid(MpiJob job, int rank) =>
        job.Lines.Select(line => line.Trim().Split(' '))
            .FirstOrDefault(words => words is ["rank", var r, "pid", _] && r == $"{rank}")?[3];

    private static void Until(Func<bool> isSo, MpiJob job)
    {
        var came = SpinWait.SpinUntil(() =>
        {
            Thread.Sleep(100);
            return isSo();
        }, TimeSpan.FromSeconds(180));
        Assert.True(came, job.Output);
    }
}
