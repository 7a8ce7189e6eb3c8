using System.Text.RegularExpressions;
using Interactive.Collectives.Mpi;
using Interactive.Engine.Tests.Collectives;

namespace Interactive.Engine.Tests.Layouts;

/// <summary>Pipelines over real MPI processes: every bit is one rank's.</summary>
[Trait("Speed", "slow")]
public sealed class PipelineTests : PipelineRuns
{
    [SkippableTheory]
    [InlineData("mlp")]
    [InlineData("dropout")]
    [InlineData("tied")]
    [InlineData("counters")]
    public void Two_ranks_have_the_bits_of_one(string net) => TwoRanksHaveTheBitsOfOne(net);

    [SkippableFact]
    public void Stages_in_bf16_have_the_bits_of_one_rank()
        => Assert.Equal(Bits("resnet", 1, "--precision bf16 --layout pipe=1,micro=4"),
        Bits("resnet", 2, "--precision bf16 --layout pipe=2,micro=4"));

    [Fact]
    public void Channels_last_has_the_same_bits_on_one_and_two_stages()
        => Assert.Equal(Bits("resnet", 1, "--memory-format channels-last --layout pipe=1,micro=4"),
        Bits("resnet", 2, "--memory-format channels-last --layout pipe=2,micro=4"));

    [SkippableFact]
    public void A_buffer_that_one_stage_moves_and_another_reads_is_told()
    {
        using var job = MpiJob.Start(MpiFlavor.OpenMpi, 2, $"pipe shared-counter {folder} --name shared --max-steps 4 --no-progress --layout pipe=2,micro=4", OneThread);
        Assert.NotEqual(0, job.Wait(120));
        Assert.Matches(@"share a buffer that a step moves \(\S*runs\), and lie on two ranks: cut elsewhere with --stages, or use no pipe", job.Output);
    }

    [SkippableTheory]
    [InlineData("skips", "pipe=3,order=zb-h1,micro=8", 3)]
    [InlineData("tied", "pipe=3,order=1f1b,micro=8", 3)]
    [InlineData("dropout", "pipe=2,order=zb-v,micro=8", 2)]
    [InlineData("resnet", "pipe=2,order=zb-h1,micro=8", 2)]
    public void Every_order_has_the_bits_of_one(string net, string layout, int ranks)
        => Assert.Equal(Bits(net, 1, "--layout pipe=1,micro=8"), Bits(net, ranks, $"--layout {layout}"));

    [SkippableFact]
    public void What_a_rank_holds_is_what_was_predicted()
    {
        using var job = MpiJob.Start(MpiFlavor.OpenMpi, 2, $"pipe resnet {folder} --name bytes --max-steps 6 --no-progress --batch-size 480 --layout pipe=2,order=gpipe,micro=4", OneThread);
        Assert.True(job.Wait(240) == 0, job.Output);
        var held =
            job.Lines.Select(line => line.Trim().Split(' ')).Where(words => words is ["rank", _, "held", _, "of", _])
            .ToDictionary(words => words[1],
            words => (Held: double.Parse(words[3]), Predicted: double.Parse(words[5])));
        Assert.Equal(2, held.Count);
        Assert.All(held.Values, bytes => Assert.InRange(bytes.Held / bytes.Predicted, 0.98, 1.02));
    }

    // The last rank, which rank 0 has no messages with: what its neighbour waits for must come up.
    [SkippableTheory]
    [InlineData(2)]
    [InlineData(3)]
    public void A_rank_that_is_killed_is_named_with_the_stage_and_micro_batch_that_others_wait_for(int ranks)
    {
        using var job = MpiJob.Start(MpiFlavor.OpenMpi, ranks,
            $"pipe-killed mlp {folder} --name killed --epochs 20 --no-progress --layout pipe={ranks},micro=4", OneThread);
        Assert.NotEqual(0, job.Wait(60));
        var last = ranks - 1;
        Assert.Contains($"rank {last} (pid {job.Pid(last)} on ", job.Output);
        Assert.Matches($@"rank {last - 1} .*is in receive the gradient of \S+ of micro-batch \d from stage {last}, rank {last} ",
            job.Output);
    }

    [SkippableTheory]
    [InlineData(2, MpiFlavor.OpenMpi)]
    [InlineData(3, MpiFlavor.Mpich)]
    public void A_rank_that_is_stopped_ends_the_job_in_the_time_of_the_watchdog(int ranks, MpiFlavor flavor)
    {
        using var job = MpiJob.Start(flavor, ranks,
            $"pipe-stopped mlp {folder} --name stopped --epochs 20 --no-progress --layout pipe={ranks},micro=4",
            [.. OneThread, ("INTERACTIVE_TIMEOUT", "12")]);
        Assert.NotEqual(0, job.Wait(90));
        var (last, neighbour) = (ranks - 1, ranks - 2);
        Assert.Contains($"rank {last} (pid {job.Pid(last)} on ", job.Output);
        var line = Assert.Single(job.Lines, l => l.Contains("does not answer"));
        Assert.Contains("for 12 s", line);
        // its gradient, or that it takes the next value: it was stopped anywhere
        Assert.True(Regex.IsMatch(line, $@"of micro-batch \d (from|to) stage {last}, rank {last} "), line);
        Assert.DoesNotContain($"rank {neighbour} (pid {job.Pid(neighbour)} does not answer", line);
    }

    [SkippableFact]
    public void A_run_whose_rank_was_killed_in_mid_pipeline_goes_on_anywhere_with_one_ranks_bits()
    {
        string Hash(int ranks, string scenario, string arguments, bool ends = true)
        {
            using var job = MpiJob.Start(MpiFlavor.OpenMpi, ranks,
                $"{scenario} resnet {folder} --optimizer adamw --no-progress --checkpoint-every 1 {arguments}", OneThread);
            Assert.Equal(ends, job.Wait(240) == 0);
            if (ends) Assert.Equal(arguments.Contains("--resume"), job.Output.Contains("resuming "));
            return ends ? job.Lines.Select(line => line.Trim()).First(line => line.StartsWith("rank 0 hash ")) : "";
        }
        var whole = Hash(1, "pipe", "--name whole --max-steps 12 --accumulate 4");
        foreach (var (name, ranks, arguments) in new[] { ("same", 2, "--layout pipe=2,micro=4"),
            ("one", 1, "--accumulate 4"), ("deeper", 3, "--layout pipe=3,order=zb-h1,micro=4") })
        {
            Hash(2, "pipe-killed", $"--name {name} --max-steps 12 --layout pipe=2,micro=4", ends: false);
            Assert.Equal(whole, Hash(ranks, "pipe", $"--name {name} --max-steps 12 {arguments} --resume"));
        }
    }

    // Both ways to leave a run behind, and both to take it up: data ranks that divide all, and stages.
    [SkippableFact]
    public void A_run_goes_on_among_data_ranks_that_divide_everything_and_back()
    {
        string[] Ends(int ranks, string arguments)
        {
            using var job = MpiJob.Start(MpiFlavor.OpenMpi, ranks,
                $"pipe resnet {folder} --optimizer adamw --no-progress --checkpoint-every 1 {arguments}", OneThread);
            Assert.True(job.Wait(240) == 0, job.Output);
            return [.. job.Lines.Select(line => line.Trim().Split(' ')).Where(words => words is ["rank", _, "hash", _])
                .Select(words => words[3]).Distinct()];
        }
        string[] Way(string name, string middle)
        {
            Ends(2, $"--name {name} --max-steps 4 --layout pipe=2,micro=4");
            Ends(2, $"--name {name} --max-steps 8 --resume {middle}");
            return Ends(2, $"--name {name} --max-steps 12 --layout pipe=2,order=gpipe,micro=4 --resume");
        }
        var undivided = Way("undivided", "--accumulate 2");
        Assert.Equal(undivided, Way("divided", "--accumulate 2 --zero 3"));
        Assert.Single(undivided);
    }
}
