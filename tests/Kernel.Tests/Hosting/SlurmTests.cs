using Interactive.Kernel.Hosting.Slurm;
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

    // As a real sbatch 22.05 reads them back with -vv.
    [Fact]
    public void Odd_names_are_one_word_for_sbatch()
    {
        var batch = new BatchScript("my train.csx", [], 1, 1, "5", 60, false, null, "my train#1's\"q\\b", "my runs 50%", [], []);
        var lines = batch.ToText(["./interactive"]).Split('\n');
        Assert.Equal("#SBATCH --job-name=\"my train#1's\\\"q\\\\b\"", lines[1]);
        Assert.Equal("#SBATCH --output=\"my runs 50%%/slurm-%j.out\"", lines[6]);
        Assert.Equal("'--job-name=a\\nb' holds a line's end: an option of a job is one line".Replace("=a", "=\"a").Replace("b'", "b\"'"),
            Assert.Throws<UsageException>(() => (batch with { Name = "a\nb" }).ToText([])).Message);
        Assert.Contains("a line's end", Assert.Throws<UsageException>(() => (batch with { Extra = ["--x=1\n#SBATCH --uid=0"] }).ToText([])).Message);
    }

    [Fact, Trait("Speed", "slow")]
    public async Task Ranks_in_a_box_have_its_options_handed_on()
    {
        var (exit, output, error) = await InteractiveProcess.Run("slurm", "submit", Path.Combine(ProjectFolder.Root, "notebooks", "first.csx"), "--box",
            "/images/a b.sqfs", "--memory", "4GiB", "--bind", "/usr:/data:ro", "--bind", "/tmp", "--dry-run");
        Assert.True(exit == 0, error);
        Assert.Contains("batch --box '/images/a b.sqfs' --memory 4GiB --bind /usr:/data:ro --bind /tmp ", output);
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

    // A rank is killed, the ranks start again within the job; its time runs out, it is requeued; then it finishes: with
    // the bits of an uncut run.
    [SkippableFact, Trait("Speed", "slow")]
    public async Task A_job_survives_a_killed_rank_and_its_time_limit()
    {
        var (cluster, why) = SlurmCluster.Start(26917);
        Skip.If(cluster is null, why);
        using var _ = cluster;
        using var job = new SlurmTraining(cluster!);
        Assert.Matches("^interactive: .*[Ii]nvalid partition[^\n]*\n$",
            (await job.Slurm("submit", job.Script, "--partition", "nowhere", "--out", job.Runs)).Error);
        await job.Submit("--time", "15", "--lead", "60", "--requeue");
        Assert.Contains(job.Job, (await job.Slurm("status")).Out);
        cluster!.Run($"pkill -9 -f -n '[i]nteractive.dll run {job.Script}'");
        await job.Until(() => job.Log.Contains("restart 1 of 3"), "the ranks start again within the job");
        await job.Until(() => job.Count("first-step") == 2, "it goes on");
        cluster.Run($"scancel --batch --signal=USR1 {job.Job}"); // as Slurm does before the limit
        await job.Until(() => job.Log.Contains("requeued (1 of 20)"), "its time is up");
        await job.StartAgain();
        await job.Finish();
        Assert.Contains("resuming", (await job.Slurm("logs", job.Job, "--out", job.Runs)).Out);
        Assert.True(job.Count("start") == 3, string.Join('\n', RunEvents.Read(job.Run)));
        await job.HasTheBitsOfAnUncutRun();
    }
}
