namespace Interactive.Engine.Tests.Collectives;

/// <summary>Real Open MPI over hosts with a network between them.</summary>
[Trait("Speed", "slow")]
public sealed class RigTests
{
    [SkippableFact]
    public void Operations_are_right_over_a_network()
    {
        using var rig = new Rig(3, "1gbit");
        using var job = rig.Start("operations");
        Assert.True(job.Wait(180) == 0, job.Output);
        for (int rank = 0; rank < 3; rank++) Assert.Contains($"rank {rank} of 3 local 0", job.Output);
    }

    // mpirun itself may wait for the lost host longer; whoever needs it to end too uses a supervisor (launch
    // --restarts), and Interactive.Kernel.Tests has that.
    [SkippableFact]
    public void A_cut_link_ends_all_ranks_and_the_host_is_named()
    {
        using var rig = new Rig(3, "1gbit");
        using var job = rig.Start("wait", ("INTERACTIVE_TIMEOUT", "10"));
        var pids = Enumerable.Range(0, 3).Select(job.Pid).ToList();
        rig.Link(1, isUp: false);
        var gone = SpinWait.SpinUntil(() =>
        {
            Thread.Sleep(100);
            return pids.All(pid => !Directory.Exists($"/proc/{pid}"));
        }, TimeSpan.FromSeconds(90));
        Assert.Contains(job.Lines,
            line
            => line.Contains("has not finished for 10 s") && line.Contains("rank 1 (pid ")
            && line.Contains("does not answer"));
        Assert.True(gone, job.Output);
    }
}
