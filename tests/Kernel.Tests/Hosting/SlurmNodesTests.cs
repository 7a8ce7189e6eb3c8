using Interactive.Monitoring;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>Jobs of two nodes, and of either MPI: a rank is killed, time runs out, and the bits are those of a run that nobody cut.</summary>
[Trait("Speed", "long")]
public sealed class SlurmNodesTests : IDisposable
{
    private readonly SlurmCluster? cluster;
    private readonly string why;

    public SlurmNodesTests() => (cluster, why) = SlurmCluster.Start(26977);

    public void Dispose() => cluster?.Dispose();

    [SkippableTheory]
    [InlineData("mpich", 1)]
    [InlineData("mpich", 2)]
    [InlineData("openmpi", 2)]
    public async Task A_job_loses_a_rank_and_then_its_time(string mpi, int nodes)
    {
        Skip.If(cluster is null, why);
        Skip.IfNot(File.Exists($"/usr/bin/mpirun.{mpi}"), $"mpirun.{mpi} is not installed");
        using var job = new SlurmTraining(cluster) { Ranks = ["--nodes", $"{nodes}", "--ranks-per-node", $"{2 / nodes}", "--mpi", mpi] };
        await job.Submit("--requeue");
        Assert.Equal($"{nodes}", cluster.Run($"squeue -h -j {job.Job} -o %D").Trim());
        Assert.Contains("2 ranks", RunEvents.Read(job.Run).First(e => e.Kind == "start").Detail);
        cluster.Run($"pkill -9 -f -n '[i]nteractive.dll run {job.Script}'");
        await job.Until(() => job.Count("first-step") == 2, "it goes on within its allocation");
        cluster.Run($"scancel --batch --signal=USR1 {job.Job}"); // as Slurm does before the limit
        await job.Until(() => job.Log.Contains("requeued (1 of 20)"), "its time is up");
        Assert.Equal(1, job.Count("stop"));
        await job.StartAgain();
        await job.Finish();
        await job.HasTheBitsOfAnUncutRun();
    }
}
