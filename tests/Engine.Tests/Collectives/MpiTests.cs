using System.Diagnostics;
using Interactive.Collectives.Mpi;

namespace Interactive.Engine.Tests.Collectives;

[Trait("Speed", "slow")]
public class MpiTests
{
    [SkippableTheory]
    [InlineData(MpiFlavor.OpenMpi, 1)]
    [InlineData(MpiFlavor.OpenMpi, 2)]
    [InlineData(MpiFlavor.OpenMpi, 4)]
    [InlineData(MpiFlavor.Mpich, 1)]
    [InlineData(MpiFlavor.Mpich, 3)]
    [InlineData(MpiFlavor.Mpich, 4)]
    public void Operations_are_right_over_real_mpi(MpiFlavor flavor, int ranks)
    {
        using var job = MpiJob.Start(flavor, ranks, "operations");
        int code = job.Wait(60);
        Assert.True(code == 0, job.Output);
        for (int rank = 0; rank < ranks; rank++) Assert.Contains($"rank {rank} of {ranks} local {rank}", job.Output);
    }

    /// <summary>The same checks over MPI.NET's calls in place of our own binding.</summary>
    [SkippableTheory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    public void Operations_are_right_over_MPI_NET(int ranks)
    {
        using var job = MpiJob.Start(MpiFlavor.Mpich, ranks, "operations-mpinet");
        Assert.True(job.Wait(60) == 0, job.Output);
        for (int rank = 0; rank < ranks; rank++) Assert.Contains($"rank {rank} of {ranks} local {rank}", job.Output);
    }

    [SkippableFact]
    public void MPI_NET_under_Open_MPI_is_one_line()
    {
        using var job = MpiJob.Start(MpiFlavor.OpenMpi, 2, "operations-mpinet");
        Assert.NotEqual(0, job.Wait(60));
        Assert.Contains("MPI.NET runs over MPICH, and mpirun of Open MPI has started this process: use interactive launch --mpi mpich", job.Output);
    }

    [SkippableTheory]
    [InlineData(MpiFlavor.OpenMpi, 2)]
    [InlineData(MpiFlavor.OpenMpi, 3)]
    [InlineData(MpiFlavor.OpenMpi, 4)]
    [InlineData(MpiFlavor.Mpich, 2)]
    [InlineData(MpiFlavor.Mpich, 3)]
    [InlineData(MpiFlavor.Mpich, 4)]
    public void Memory_of_a_device_is_summed_where_it_lies(MpiFlavor flavor, int ranks)
    {
        using var job = MpiJob.Start(flavor, ranks, "device");
        Assert.True(job.Wait(60) == 0, job.Output);
        for (int rank = 0; rank < ranks; rank++) Assert.Contains($"rank {rank} of {ranks}: device ok", job.Output);
    }

    [SkippableTheory]
    [InlineData(MpiFlavor.OpenMpi)]
    [InlineData(MpiFlavor.Mpich)]
    public void An_epoch_with_sums_on_the_device_gives_all_ranks_the_same_bits(MpiFlavor flavor)
    {
        string[] Hashes(int ranks, string way, params (string, string)[] environment)
        {
            using var job = MpiJob.Start(flavor, ranks, "train-device", environment);
            Assert.True(job.Wait(60) == 0, job.Output);
            var words =
                job.Lines.Select(line => line.Trim().Split(' ')).Where(words => words is ["rank", _, _, "hash", _])
                .ToArray();
            Assert.Equal(Enumerable.Repeat(way, ranks), words.Select(line => line[2]));
            return [.. words.Select(line => line[4]).Distinct()];
        }
        Assert.Single(Hashes(3, "direct"));
        var two = Assert.Single(Hashes(2, "direct"));
        // Of two terms there is but one sum, so the staged way has the same bits.
        Assert.Equal(two, Assert.Single(Hashes(2, "staged", ("INTERACTIVE_DEVICE_DIRECT", "0"))));
    }

    [SkippableTheory]
    [InlineData(MpiFlavor.OpenMpi, 0)]
    [InlineData(MpiFlavor.OpenMpi, 2)]
    [InlineData(MpiFlavor.Mpich, 1)]
    public void A_rank_that_throws_ends_the_job_and_is_named(MpiFlavor flavor, int rank)
    {
        using var job = MpiJob.Start(flavor, 3, $"throw {rank}");
        Assert.Equal(1, job.Wait(10));
        Assert.Single(job.Lines, line => line == $"rank {rank}: InvalidOperationException: thrown for the test");
        Assert.DoesNotContain("ended unexpectedly", job.Output);
    }

    [SkippableTheory]
    [InlineData(MpiFlavor.OpenMpi)]
    [InlineData(MpiFlavor.Mpich)]
    public void A_rank_that_leaves_with_an_error_code_ends_the_job(MpiFlavor flavor)
    {
        using var job = MpiJob.Start(flavor, 3, "exit 1");
        Assert.Equal(5, job.Wait(10));
        Assert.Single(job.Lines, line => line == "rank 1: ended with exit code 5");
    }

    [SkippableTheory]
    [InlineData(MpiFlavor.OpenMpi, 0)]
    [InlineData(MpiFlavor.OpenMpi, 2)]
    [InlineData(MpiFlavor.Mpich, 0)]
    [InlineData(MpiFlavor.Mpich, 1)]
    public void A_killed_rank_ends_the_job_and_is_named(MpiFlavor flavor, int rank)
    {
        using var job = MpiJob.Start(flavor, 3, "wait");
        for (int other = 0; other < 3; other++) job.Pid(other);
        using var victim = Process.GetProcessById(job.Pid(rank));
        victim.Kill();
        Assert.NotEqual(0, job.Wait(10));
        Assert.Single(job.Lines,
            line
            => line.StartsWith($"rank {rank} (pid {job.Pid(rank)} on ")
            && line.EndsWith("ended unexpectedly; ending the job"));
    }

    [SkippableTheory]
    [InlineData(MpiFlavor.OpenMpi, "libmpich.so.12")]
    [InlineData(MpiFlavor.Mpich, "libmpi.so.40")]
    public void A_library_of_another_mpi_is_refused(MpiFlavor flavor, string library)
    {
        Skip.If(MpiLauncher.Installed().Count < 2, "needs both Open MPI and MPICH");
        using var job = MpiJob.Start(flavor, 2, "operations", ("INTERACTIVE_MPI", library));
        Assert.Equal(2, job.Wait(15));
        Assert.Single(job.Lines, line => line.Contains("launcher and library must be of the same MPI"));
    }

    [SkippableTheory]
    [InlineData(MpiFlavor.OpenMpi, 2, "rank 2 (pid ")]
    [InlineData(MpiFlavor.OpenMpi, 0, "rank 0 does not answer")]
    [InlineData(MpiFlavor.Mpich, 1, "rank 1 (pid ")]
    public void A_stopped_rank_is_found_by_the_watchdog(MpiFlavor flavor, int rank, string blame)
    {
        using var job = MpiJob.Start(flavor, 3, "wait", ("INTERACTIVE_TIMEOUT", "2"));
        for (int other = 0; other < 3; other++) job.Pid(other);
        using var stop = Process.Start("kill", ["-STOP", job.Pid(rank).ToString()]);
        stop.WaitForExit();
        int code = job.Wait(20);
        if (flavor == MpiFlavor.OpenMpi) Assert.Equal(75, code); // MPICH's launcher mixes the ranks' codes
        else Assert.NotEqual(0, code);
        Assert.Single(job.Lines,
            line
            => line.Contains("has not finished for 2 s") && line.Contains(blame) && line.Contains("does not answer"));
    }

    [SkippableTheory]
    [InlineData(MpiFlavor.OpenMpi)]
    [InlineData(MpiFlavor.Mpich)]
    public void Ranks_that_diverge_are_named_instead_of_hanging(MpiFlavor flavor)
    {
        using var job = MpiJob.Start(flavor, 3, "diverge");
        Assert.NotEqual(0, job.Wait(10));
        Assert.Contains("rank 2 is at all-reduce layer4.conv1", job.Output.Replace("rank 2 at", "rank 2 is at"));
        Assert.Contains("at all-reduce layer4.bn1", job.Output);
    }

    [Fact]
    public void Launcher_refuses_no_ranks() => Assert.Throws<UsageException>(() => MpiLauncher.Command(0, ["true"]));
}
