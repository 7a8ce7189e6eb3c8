using Interactive.Collectives.Mpi;
using Interactive.Engine.Tests.Collectives;

namespace Interactive.Engine.Tests.Layouts;

/// <summary>
/// Layers that freeze and thaw in the middle of a run, under an optimiser that keeps something for each parameter: what
/// each rank steps is dealt anew, and no number of the state may be lost, over real MPI processes.
/// </summary>
[Trait("Speed", "slow")]
public sealed class ThawingTests : PipelineRuns
{
    private string[] Thaw(int ranks, string arguments, string? name = null, int steps = 18)
    {
        using var job = MpiJob.Start(MpiFlavor.OpenMpi, ranks,
            $"thaw {folder} --name {name ?? $"{Guid.NewGuid():N}"} --max-steps {steps} --no-progress --optimizer adamw --learning-rate 0.003 {arguments}", OneThread);
        Assert.True(job.Wait(240) == 0, job.Output);
        var lines = job.Lines.Select(line => line.Trim()).ToArray();
        return [.. lines.Where(line => line.StartsWith("step ")),
            lines.Where(line => line.Contains(" hash ")).Select(line => line.Split(' ')[3]).Distinct().Single()];
    }

    [SkippableTheory]
    [InlineData("--deterministic", "--deterministic --zero 1")]
    [InlineData("--deterministic", "--deterministic --zero 2")]
    [InlineData("--deterministic", "--deterministic --zero 3")]
    [InlineData("--layout pipe=1,micro=4", "--layout pipe=2,micro=4")]
    public void Two_ranks_have_the_bits_of_one(string one, string two)
    {
        var whole = Thaw(1, one);
        Assert.Equal(18 + 1, whole.Length);
        Assert.Equal(whole, Thaw(2, two));
    }

    [SkippableTheory]
    [InlineData("--deterministic --zero 1")]
    [InlineData("--layout pipe=2,micro=4")]
    public void A_run_that_was_cut_while_layers_were_frozen_has_the_bits_of_an_uncut_one(string how)
    {
        var whole = Thaw(2, how);
        Thaw(2, $"{how} --checkpoint-every 5", "cut", steps: 11);
        Assert.Equal(whole[10..], Thaw(2, $"{how} --checkpoint-every 5 --resume", "cut"));
    }

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_loop_of_ones_own_has_the_bits_of_an_undivided_one(int zero)
    {
        Assert.Equal(Loop("--zero 0"), Loop($"--zero {zero}"));

        string Loop(string how)
        {
            using var job = MpiJob.Start(MpiFlavor.OpenMpi, 2, $"thaw-loop {folder} --no-progress --optimizer adamw {how}", OneThread);
            Assert.True(job.Wait(240) == 0, job.Output);
            return job.Lines.Select(line => line.Trim()).Where(line => line.Contains(" hash ")).Select(line => line.Split(' ')[3]).Distinct().Single();
        }
    }
}
