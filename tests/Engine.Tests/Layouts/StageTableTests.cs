using CsCheck;
using Interactive.Engine.Tests.Memory.Chains;
using Interactive.Layouts;
using Interactive.Memory.Chains;

namespace Interactive.Engine.Tests.Layouts;

public class StageTableTests
{
    // The net's input and its gradient cost nothing; what a stage is given counts once for each micro-batch in flight.
    private static double Step(Chain chain, int stages, int micros, int budget)
    {
        chain = chain with { InputGradientBytes = 0 };
        var count = chain.Stages.Count - 1; // the loss goes with the last block
        var table = new StageTable(chain, 1, budget, wholeStages: false);
        var costs = new double[stages, count, count];
        for (var t = 0; t < count; t++)
        {
            var tables = table.EndingWith(t == count - 1 ? count : t);
            for (var s = 0; s <= t; s++)
                for (var q = 0; q < stages; q++)
                    costs[q, s, t] = Of(tables[s], Math.Min(micros, stages - q),
                    s == 0 ? 0 : (int)chain.Stages[s - 1].OutputBytes);
        }
        return StageSplit.Best(count, stages, micros, (q, s, t) => costs[q, s, t])?.Seconds ?? double.PositiveInfinity;

        double Of(float[] stage, int inFlight, int input)
            => budget < inFlight * input ? double.PositiveInfinity
            : table.Of(stage, inFlight, budget - inFlight * input).Seconds;
    }

    [Theory]
    [InlineData(7, 339)]
    [InlineData(8, 259)]
    [InlineData(9, 235)]
    [InlineData(10, 158)]
    [InlineData(12, 142)]
    [InlineData(16, 124)]
    [InlineData(26, 108)]
    public void Eight_equal_blocks_over_two_ranks(int budget, double seconds)
        => Assert.Equal(seconds, Step(TestChains.Uniform(8, 3), 2, 8, budget), 4);

    [Theory]
    [InlineData(14, 103)]
    [InlineData(17, 88)]
    [InlineData(18, 75)]
    [InlineData(23, 74)]
    [InlineData(26, 66)]
    public void Eight_equal_blocks_over_four_ranks(int budget, double seconds)
        => Assert.Equal(seconds, Step(TestChains.Uniform(8, 3), 4, 8, budget), 4);

    [Theory]
    [InlineData(2, 19, 149)]
    [InlineData(2, 20, 142)]
    [InlineData(2, 22, 130)]
    [InlineData(2, 28, 118)]
    [InlineData(2, 36, 114)]
    [InlineData(3, 25, 97)]
    [InlineData(3, 32, 96)]
    [InlineData(3, 33, 90)]
    [InlineData(3, 39, 87)]
    public void Uneven_blocks_over_two_and_three_ranks(int stages, int budget, double seconds)
        => Assert.Equal(seconds, Step(TestChains.Uneven, stages, 4, budget), 4);

    [Fact]
    public void One_rank_has_the_chain_s_own_times()
    {
        var chain = TestChains.Uniform(8, 3);
        for (var budget = 6; budget <= 27; budget++)
            Assert.Equal(8 * new ChainPlanner(chain with { InputGradientBytes = 0 }, 30).Cost(budget),
            Step(TestChains.Uniform(8, 3), 1, 8, budget), 4);
    }

    private static readonly Gen<ChainStage> Block = Gen.Select(Gen.Int[1, 5], Gen.Int[1, 3], Gen.Int[0, 2],
        Gen.Select(Gen.Int[1, 6], Gen.Int[0, 3], Gen.Int[0, 2], Gen.Int[0, 2]).Array[1, 2])
        .Select((forward, output, work, options) => new ChainStage(forward, output, work, output,
            [.. options.Select(o
                => new BlockOption("", forward, 2 * forward + o.Item2, output + o.Item1 - 1, o.Item3, o.Item4))]));

    [Fact]
    public void No_persistent_plan_beats_the_table()
        => Gen.Select(Block.Array[1, 4], Gen.Int[1, 3], Gen.Int[4, 40], Gen.Select(Gen.Int[0, 2], Gen.Bool))
        .Sample((blocks, inFlight, budget, more) =>
    {
        var (given, whole) = more;
        var chain = new Chain(blocks, given);
        var last = blocks.Length - 1;
        var table = new StageTable(chain, 1, budget, whole);
        var tables = table.EndingWith(last);
        var best = table.Of(tables[0], inFlight, budget).Seconds;
        var least = double.PositiveInfinity;
        foreach (var (forward, backward) in PersistentPlans.Of(chain, 0, last, whole))
        {
            var run = PersistentPlans.Replay(chain, forward, backward);
            if (run.Peak + (inFlight - 1) * run.Kept <= budget) least = Math.Min(least, run.Seconds);
        }
        Assert.Equal(least, best, 3);
        if (!double.IsFinite(least)) return;
        var ops = table.Ops(tables, 0, last, inFlight, budget, out var forwards);
        var ours = PersistentPlans.Replay(chain, ops[..forwards], ops[forwards..]);
        Assert.Equal(least, ours.Seconds, 3);
        Assert.True(ours.Peak + (inFlight - 1) * ours.Kept <= budget);
    }, iter: 400);

    [Fact]
    public void No_split_beats_the_search()
        => Gen.Select(Gen.Int[1, 20].Array[3, 7], Gen.Int[1, 3], Gen.Int[1, 6]).Sample((seconds, stages, micros) =>
    {
        double Cost(int q, int s, int t)
            => seconds[s..(t + 1)].Sum() * (q + 2) is var sum && (s + t) % 5 == 4 && stages > 1
            ? double.PositiveInfinity : sum;
        var found = StageSplit.Best(seconds.Length, stages, micros, Cost)?.Seconds ?? double.PositiveInfinity;
        Assert.Equal(Least(0, 0, 0, 0), found, 6);

        double Least(int q, int s, double sum, double slowest)
        {
            if (q == stages) return s == seconds.Length ? sum + (micros - 1) * slowest : double.PositiveInfinity;
            var least = double.PositiveInfinity;
            for (var t = s; t < seconds.Length; t++)
                if (double.IsFinite(Cost(q, s, t)))
                    least = Math.Min(least, Least(q + 1, t + 1, sum + Cost(q, s, t), Math.Max(slowest, Cost(q, s, t))));
            return least;
        }
    }, iter: 400);
}
