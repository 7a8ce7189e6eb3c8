using Interactive.Memory.Chains;

namespace Interactive.Engine.Tests.Memory.Chains;

/// <summary>Numbers of the literature and of an independent solver.</summary>
public class GoldenTests
{
    // Griewank and Walther (2000), algorithm 799: least advances to reverse l steps with c checkpoints.
    private static int Revolve(int steps, int checkpoints)
    {
        if (steps == 1) return 0;
        static long Choose(int n, int k)
            => Enumerable.Range(1, k).Aggregate(1L, (product, i) => product * (n - k + i) / i);
        var r = 0;
        while (Choose(checkpoints + r, checkpoints) < steps) r++;
        return (int)(r * steps - Choose(checkpoints + r, r - 1));
    }

    [Theory]
    [InlineData(1, 10, 45)]
    [InlineData(2, 10, 20)]
    [InlineData(3, 10, 15)]
    [InlineData(4, 20, 39)]
    [InlineData(5, 20, 33)]
    public void The_closed_form_gives_the_published_table(int checkpoints, int steps, int expected)
        => Assert.Equal(expected, Revolve(steps, checkpoints));

    [Fact]
    public void Plain_chains_cost_what_revolve_needs()
    {
        for (var steps = 1; steps <= 12; steps++)
            for (var checkpoints = 1; checkpoints <= 5; checkpoints++)
            {
                const int saved = 100; // more than any checkpoints: one block at a time is saved
                var chain = TestChains.Of([.. Enumerable.Repeat(1.0, steps)], [.. Enumerable.Repeat(1.0, steps)],
                    [.. Enumerable.Repeat(1L, steps + 1)],
                    [.. Enumerable.Repeat((long)saved, steps)], gradients: new long[steps + 1]);
                Assert.Equal(2 * steps + Revolve(steps, checkpoints),
                    new ChainPlanner(chain, saved + checkpoints).Cost(saved + checkpoints));
            }
    }

    [Theory]
    [InlineData(5, double.PositiveInfinity)]
    [InlineData(6, 28)]
    [InlineData(7, 14)]
    [InlineData(8, 10)]
    [InlineData(9, 8)]
    [InlineData(10, 7)]
    [InlineData(11, 6)]
    [InlineData(12, 6)]
    [InlineData(13, 5)]
    [InlineData(15, 4)]
    [InlineData(18, 3)]
    [InlineData(21, 2)]
    [InlineData(24, 1)]
    [InlineData(26, 0)]
    public void Eight_equal_blocks(long budget, double recomputed)
        => Assert.Equal(24 + recomputed, new ChainPlanner(TestChains.Uniform(8, 3), 30).Cost(budget));

    [Fact]
    public void Eight_equal_blocks_fill_their_budgets()
        => Assert.Equal([6, 7, 8, 9, 10, 11, 13, 15, 18, 21, 24, 26],
        new ChainPlanner(TestChains.Uniform(8, 3), 30).Front.Select(p => p.PeakBytes));

    [Theory]
    [InlineData(14, double.PositiveInfinity)]
    [InlineData(15, 50)]
    [InlineData(16, 49)]
    [InlineData(17, 46)]
    [InlineData(19, 46)]
    [InlineData(20, 44)]
    [InlineData(21, 44)]
    [InlineData(22, 43)]
    [InlineData(25, 43)]
    [InlineData(26, 42)]
    [InlineData(40, 42)]
    public void Uneven_blocks(long budget, double seconds)
    {
        Assert.Equal(seconds, new ChainPlanner(TestChains.Uneven, 40).Cost(budget));
        // Dropping a checkpoint and making it again, which the programme does not consider, wins a second at two
        // budgets.
        Assert.Equal(seconds - (budget is 19 or 21 ? 1 : 0), ExhaustiveSearch.Cost(TestChains.Uneven, budget));
    }

    [Fact]
    public void A_thousand_layers_as_333_blocks()
    {
        var planner = new ChainPlanner(TestChains.Uniform(333, 3), 1001, slots: 1001);
        foreach (var (budget, recomputed) in new[] { (50, 328), (145, 288), (500, 168), (1001, 0) })
            Assert.Equal(3 * 333 + recomputed, planner.Cost(budget));
        // Share of keep-all's bytes to overhead, as printed to a tenth of a percent.
        foreach (var (share,
            overhead) in new[] { (0.75, 8.4), (0.50, 16.8), (0.30, 23.5), (0.20, 26.9), (7.0 / 48, 28.8), (0.10,
            30.4), (0.05, 32.8) })
            Assert.Equal(overhead, 100 * (planner.Cost((long)(share * 1001)) / 999 - 1), 0.051);
        Assert.Equal(1001, planner.Front[^1].PeakBytes);
    }

    [Theory]
    [InlineData(2, 27, 56)]
    [InlineData(4, 17, 60)]
    [InlineData(1, 50, 48)]
    public void Even_segments_of_sixteen_blocks(int segments, long peak, double seconds)
    {
        var plan = ChenSegments.Even(TestChains.Uniform(16, 3), segments);
        Assert.Equal((peak, seconds), (plan.PeakBytes, plan.Seconds));
    }

    [Theory]
    [InlineData(2, 56)]
    [InlineData(3, 59)]
    [InlineData(4, 60)]
    [InlineData(6, 61)]
    public void The_programme_is_never_worse_than_segments_at_their_peak(int segments, double seconds)
    {
        var chain = TestChains.Uniform(16, 3);
        var chen = ChenSegments.Even(chain, segments);
        var ours = new ChainPlanner(chain, 50).Cost(chen.PeakBytes);
        Assert.Equal(seconds, ours);
        Assert.True(ours <= chen.Seconds);
    }
}
