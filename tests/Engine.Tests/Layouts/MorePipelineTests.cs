using Interactive.Collectives.Mpi;
using Interactive.Engine.Tests.Collectives;

namespace Interactive.Engine.Tests.Layouts;

/// <summary>The same over other nets, orders and layouts.</summary>
[Trait("Speed", "long")]
public sealed class MorePipelineTests : PipelineRuns
{
    [SkippableTheory]
    [InlineData("resnet")]
    [InlineData("skips")]
    public void Two_ranks_have_the_bits_of_one(string net) => TwoRanksHaveTheBitsOfOne(net);

    [SkippableTheory]
    [InlineData("resnet", "pipe=4,order=1f1b-eager,micro=8", 4)]
    [InlineData("resnet", "pipe=2,order=interleaved,micro=8", 2)]
    [InlineData("mlp", "pipe=2,order=zb-h2,micro=8", 2)]
    public void Every_order_has_the_bits_of_one(string net, string layout, int ranks)
        => Assert.Equal(Bits(net, 1, "--layout pipe=1,micro=8"), Bits(net, ranks, $"--layout {layout}"));

    [SkippableFact]
    public void A_run_goes_on_under_another_layout()
    {
        string Hash(int ranks, string arguments)
        {
            using var job = MpiJob.Start(MpiFlavor.OpenMpi, ranks,
                $"pipe resnet {folder} --optimizer adamw --no-progress --checkpoint-every 1 {arguments}", OneThread);
            Assert.True(job.Wait(240) == 0, job.Output);
            Assert.Equal(arguments.Contains("--resume"), job.Output.Contains("resuming "));
            return job.Lines.Select(line => line.Trim()).First(line => line.StartsWith("rank 0 hash "));
        }
        var whole = Hash(1, "--name whole --max-steps 12 --layout pipe=1,micro=4");
        Hash(2, "--name cut --max-steps 5 --layout pipe=2,micro=4");
        Hash(3, "--name cut --max-steps 9 --layout pipe=3,order=gpipe,micro=4 --resume");
        Assert.Equal(whole, Hash(1, "--name cut --max-steps 12 --layout pipe=1,micro=4 --resume"));
    }
}
