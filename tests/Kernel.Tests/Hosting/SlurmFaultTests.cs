using System.Diagnostics;
using Interactive.Kernel.Hosting.Boxes;
using Interactive.Kernel.Tests.Scripting;
using Interactive.Monitoring;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>What can befall a job, one after the other: each ends with the bits of a run that nobody cut.</summary>
[Trait("Speed", "long")]
public sealed class SlurmFaultTests : IDisposable
{
    private readonly SlurmCluster? cluster;
    private readonly string why;
    private readonly SlurmTraining? training;

    public SlurmFaultTests()
    {
        (cluster, why) = SlurmCluster.Start(26957);
        if (cluster is not null) training = new SlurmTraining(cluster);
    }

    public void Dispose()
    {
        training?.Dispose();
        cluster?.Dispose();
    }

    private SlurmTraining Training()
    {
        Skip.If(training is null, why);
        return training;
    }

    [SkippableFact]
    public async Task Its_time_runs_out()
    {
        var job = Training();
        job.Wait(700); // it would be finished before
        await job.Submit("--requeue", "--time", "2", "--lead", "60"); // Slurm may send its warning a minute early
        await job.Until(() => job.Log.Contains("its time is up"), "Slurm warns");
        await job.StartAgain();
        await job.Finish();
        Assert.Equal(1, job.Count("stop"));
        await job.HasTheBitsOfAnUncutRun();
    }

    [SkippableFact]
    public async Task A_job_of_more_weight_takes_its_place()
    {
        var job = Training();
        await job.Submit("--requeue", "--partition", "low", "--time", "30");
        cluster!.Run("sbatch --partition=high --nodes=2 --exclusive --output=/dev/null --wrap='sleep 2'");
        await job.Until(() => job.Count("stop") == 1, "it is preempted and saves");
        await job.StartAgain();
        await job.Finish();
        Assert.Contains("it is preempted; its run is saved", job.Log);
        NoStepWasMadeTwice(job);
        await job.HasTheBitsOfAnUncutRun();
    }

    [SkippableFact]
    public async Task Someone_requeues_it()
    {
        var job = Training();
        await job.Submit("--requeue");
        cluster!.Run($"scontrol requeue {job.Job}");
        await job.StartAgain();
        await job.Finish();
        Assert.Equal(2, job.Count("start"));
        await job.HasTheBitsOfAnUncutRun();
    }

    [SkippableFact]
    public async Task A_rank_is_killed()
    {
        var job = Training();
        await job.Submit("--requeue");
        cluster!.Run($"pkill -9 -f -n '[i]nteractive.dll run {job.Script}'");
        await job.Until(() => job.Count("first-step") == 2, "it goes on within its allocation");
        await job.Finish();
        await job.Until(() => job.Count("node") > 0, "the node is looked at");
        await job.HasTheBitsOfAnUncutRun();
    }

    [SkippableFact]
    public async Task A_rank_in_a_box_is_killed()
    {
        var job = Training();
        Skip.If(Box.Missing() is not null, Box.Missing());
        using var folder = new TemporaryFolder();
        await job.Submit("--requeue", "--box", BoxTests.Image(folder), "--memory", "6G", "--bind", "/usr:/usr:ro", "--bind", "/etc:/etc:ro", "--bind", job.Runs);
        cluster!.Run($"pkill -9 -f -n '[i]nteractive.dll run {job.Script}'");
        await job.Until(() => job.Count("first-step") == 2, "it goes on, in a box again");
        await job.Finish();
        Assert.Contains("restart 1 of 3", job.Log);
        await job.HasTheBitsOfAnUncutRun();
    }

    [SkippableFact]
    public async Task The_daemon_of_its_node_is_killed_and_comes_back()
    {
        var job = Training();
        await job.Submit("--requeue");
        var node = cluster!.Run($"squeue -h -j {job.Job} -o %N").Trim();
        cluster.KillDaemon(node);
        await Task.Delay(2000);
        cluster.StartDaemon(node);
        await job.Finish();
        Assert.Equal(1, job.Count("start"));
        await job.HasTheBitsOfAnUncutRun();
    }

    [SkippableFact]
    public async Task The_controller_is_killed_and_comes_back()
    {
        var job = Training();
        await job.Submit("--requeue");
        cluster!.KillDaemon("");
        await Task.Delay(2000);
        cluster.StartDaemon("");
        await job.Finish();
        await job.Until(() => cluster.Run($"squeue -h -j {job.Job}").Trim().Length == 0 || cluster.Run($"scontrol show job {job.Job}").Contains("COMPLETED"), "the controller has heard of its end");
        Assert.Equal(1, job.Count("start"));
        await job.HasTheBitsOfAnUncutRun();
    }

    [SkippableFact]
    public async Task The_supervisor_is_killed()
    {
        var job = Training();
        await job.Submit("--requeue");
        cluster!.Run($"pkill -9 -f -o '[i]nteractive(.dll)? batch {job.Script}'");
        await job.Until(() => !job.Run.IsLive, "its ranks have ended");
        await job.Submit("--requeue");
        await job.Finish();
        Assert.Equal(2, job.Count("start"));
        await job.HasTheBitsOfAnUncutRun();
    }

    [SkippableFact]
    public async Task It_is_cancelled_and_submitted_again()
    {
        var job = Training();
        await job.Submit("--requeue");
        Assert.Equal(0, (await job.Slurm("cancel", job.Job)).Exit);
        await job.Until(() => job.Count("stop") == 1 && !job.Run.IsLive, "it saves");
        await job.Until(() => cluster!.Run($"squeue -h -j {job.Job}").Trim().Length == 0, "it is gone");
        await job.Submit("--requeue");
        await job.Finish();
        NoStepWasMadeTwice(job);
        await job.HasTheBitsOfAnUncutRun();
    }

    [SkippableFact]
    public async Task The_disk_is_full_at_a_save()
    {
        Skip.If(cluster is null, why);
        using var disk = SmallDisk.Mount();
        Skip.If(disk is null, SmallDisk.Why);
        using var job = new SlurmTraining(cluster) { Runs = Directory.CreateDirectory(Path.Combine(disk.Path, "runs")).FullName };
        await job.Submit("--requeue");
        disk.Fill(); // the job's log is there, too
        await job.Until(() => cluster.Run($"scontrol show job {job.Job}").Contains("Reason=job_requeued_in_held_state"), "it is held");
        Assert.Contains("takes_no_more", cluster.Run($"scontrol show job {job.Job}").Replace(' ', '_'));
        Assert.DoesNotContain("   at ", job.Log);
        disk.Clear();
        cluster.Run($"scontrol release {job.Job}");
        await job.StartAgain();
        await job.Finish();
        await job.HasTheBitsOfAnUncutRun();
    }

    [SkippableFact]
    public async Task One_task_of_an_array_runs_out_of_time_alone()
    {
        Skip.If(cluster is null, why);
        using var job = new SlurmTraining(cluster) { Name = "job3" };
        await job.Submit("--requeue", "--option=--array=2-3");
        cluster.Run($"scancel --batch --signal=USR1 {job.Job}_3");
        await job.Until(() => job.Log.Contains($"job {job.Job}_3: its time is up"), "it saves");
        await job.StartAgain($"{job.Job}_3");
        await job.Finish();
        Assert.Equal(2, job.Count("start"));
        await job.HasTheBitsOfAnUncutRun();
        await job.Until(() => RunDirectory.Find(job.Runs, "job2").IsFinished, "the other one finishes");
        Assert.Single(RunEvents.Read(RunDirectory.Find(job.Runs, "job2")), e => e.Kind == "start");
    }

    // What was saved at the stop is where the next start begins.
    private static void NoStepWasMadeTwice(SlurmTraining job)
    {
        var events = RunEvents.Read(job.Run);
        Assert.Equal(events.Last(e => e.Kind == "stop").Step + 1, events.Last(e => e.Kind == "first-step").Step);
    }
}
