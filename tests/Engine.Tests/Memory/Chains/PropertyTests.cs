using CsCheck;
using Interactive.Memory.Chains;

namespace Interactive.Engine.Tests.Memory.Chains;

public class PropertyTests
{
    private const string Seed = "0000KOIxp3C4";

    private static readonly Gen<BlockOption> GenOption = Gen.Select(Gen.Int[1, 9], Gen.Int[1, 9], Gen.Int[0, 5],
        Gen.Int[0, 2], Gen.Int[0, 2])
        .Select((forward, backward, more, forwardSpace, backwardSpace)
        => new BlockOption("", forward, backward, more, forwardSpace, backwardSpace));

    private static readonly Gen<ChainStage> GenStage = Gen.Select(Gen.Int[1, 9], Gen.Int[1, 4], Gen.Int[0, 2],
        Gen.Int[0, 4], GenOption.Array[1, 3])
        .Select((forward, output, space, gradient, options) =>
            new ChainStage(forward, output, space, gradient,
                [.. options.Select(o => o with { SavedBytes = o.SavedBytes + output })]));

    private static Gen<Chain> GenChain(int most)
        => Gen.Select(GenStage.Array[1, most], Gen.Int[0, 4]).Select((stages, gradient) => new Chain(stages, gradient));

    private static long Enough(Chain chain)
        => chain.Stages
        .Sum(s => s.Options.Max(o => o.SavedBytes + o.ForwardWorkspace + o.BackwardWorkspace) + 2 * s.GradientBytes)
        + chain.InputGradientBytes + 10;

    [Fact]
    public void Plans_hold_their_budget_and_run_every_backward_once_in_order()
        => GenChain(9).Sample(chain =>
        {
            var planner = new ChainPlanner(chain, Enough(chain));
            var previous = double.PositiveInfinity;
            for (var budget = 1L; budget <= Enough(chain); budget++)
            {
                if (planner.Plan(budget) is not { } plan) continue;
                var replayed = ChainSimulator.Replay(chain, plan.Ops);
                Assert.Equal(plan.Seconds, replayed.Seconds, 1e-4);
                Assert.InRange(replayed.PeakBytes, 0, budget);
                Assert.InRange(plan.Seconds, chain.LeastSeconds - 1e-4, previous + 1e-4);
                Assert.Equal(Enumerable.Range(0, chain.Stages.Count).Reverse(),
                    plan.Ops.Where(o => o.Kind == ChainOpKind.Backward).Select(o => o.Stage));
                previous = plan.Seconds;
            }
            Assert.Equal(chain.LeastSeconds, previous, 1e-4);
        }, seed: Seed, iter: 200);

    [Fact]
    public void Tiny_chains_come_near_the_true_optimum_and_none_is_wrongly_refused()
    {
        // A share of the cases is a statistic, so the sixty chains are always the same.
        var (count, optimal, worst) = (0, 0, 1.0);
        foreach (var chain in GenChain(4).Array[60].Single(_ => true, Seed))
        {
            var planner = new ChainPlanner(chain, Enough(chain));
            for (var budget = 3L; budget < Enough(chain); budget += 2)
            {
                var best = ExhaustiveSearch.Cost(chain, budget);
                var ours = planner.Cost(budget);
                Assert.Equal(double.IsFinite(best), double.IsFinite(ours));
                if (!double.IsFinite(best)) continue;
                Assert.True(ours >= best - 1e-4);
                count++;
                if (ours <= best + 1e-4) optimal++;
                worst = Math.Max(worst, ours / best);
            }
        }
        Assert.True(count > 300);
        Assert.True(optimal > 0.85 * count, $"{optimal} of {count} optimal");
        // what keeping every checkpoint until its backward costs at worst, on these chains
        Assert.InRange(worst, 1, 1.6);
    }

    [Fact]
    public void Scaled_times_scale_the_cost_and_scaled_bytes_leave_it()
        => GenChain(7).Sample(chain =>
        {
            var budget = Enough(chain) / 2;
            var cost = new ChainPlanner(chain, Enough(chain)).Cost(budget);
            var slower = chain with { Stages = [.. chain.Stages.Select(s => s with { Forward = 4 * s.Forward, Options = [.. s.Options.Select(o => o with { Forward = 4 * o.Forward, Backward = 4 * o.Backward })] })] };
            Assert.Equal(4 * cost, new ChainPlanner(slower, Enough(chain)).Cost(budget), 1e-3);
            var bigger =
                new Chain([.. chain.Stages
                .Select(s => new ChainStage(s.Forward, 3 * s.OutputBytes, 3 * s.Workspace, 3 * s.GradientBytes,
                [.. s.Options.Select(o => o with { SavedBytes = 3 * o.SavedBytes, ForwardWorkspace = 3
                    * o.ForwardWorkspace, BackwardWorkspace = 3 * o.BackwardWorkspace })]))],
                    3 * chain.InputGradientBytes);
            Assert.Equal(cost, new ChainPlanner(bigger, 3 * Enough(chain)).Cost(3 * budget), 1e-3);
        }, seed: Seed, iter: 100);

    [Fact]
    public void Sizes_that_do_not_fall_on_units_lose_little()
    {
        // Twenty blocks of real sizes at 40 % of what they save: 500 units against so many that rounding is nothing.
        var random = new Random(3);
        var chain = new Chain([.. Enumerable.Range(0, 20).Select(_ =>
        {
            var (forward, output) = (1 + 2 * random.NextDouble(), random.Next(5_000_000, 40_000_000));
            return new ChainStage(forward, output, 0, output,
                [new BlockOption("all", forward, 2 * forward, (long)(output * (1.5 + 2.5 * random.NextDouble())))]);
        })]);
        var saved = chain.Stages.Sum(s => s.Options[0].SavedBytes);
        var coarse = new ChainPlanner(chain, saved).Plan((long)(0.4 * saved))!;
        var fine = new ChainPlanner(chain, saved, slots: 8000).Plan((long)(0.4 * saved))!;
        Assert.InRange(coarse.Seconds / fine.Seconds, 1, 1.005);
        Assert.InRange(coarse.PeakBytes, 0.95 * 0.4 * saved, 0.4 * saved);
    }

    /// <summary>
    /// Far below the largest budget a unit is larger than a block: finer tables and segments answer there.
    /// </summary>
    [Fact]
    public void Few_units_lose_time_but_never_the_budget()
    {
        var chain = TestChains.Uniform(40, 3);
        var exact = new ChainPlanner(chain, 122, slots: 122);
        var coarse = new ChainPlanner(chain, 122, slots: 20);
        for (var budget = 10L; budget <= 122; budget++)
        {
            var plan = coarse.Plan(budget);
            Assert.NotNull(plan);
            Assert.InRange(ChainSimulator.Replay(chain, plan.Ops).PeakBytes, 1, budget);
            Assert.InRange(plan.Seconds / exact.Cost(budget), 1 - 1e-6, budget < 40 ? 1.35 : 1.2);
        }
    }

    [Fact]
    public void A_table_for_all_budgets_serves_one_percent_of_them()
    {
        var chain = TestChains.Uniform(200, 3);
        var wide = new ChainPlanner(chain, 4000, slots: 250);
        foreach (var budget in new[] { 25L, 40, 60, 150, 600 })
            Assert.InRange(wide.Plan(budget)!.Seconds / new ChainPlanner(chain, budget, slots: 600).Cost(budget),
                1 - 1e-6, 1.1);
    }

    [Fact]
    public void Segments_find_a_plan_within_a_budget()
        => GenChain(12).Sample(chain =>
        {
            var smallest = ChenSegments.Plan(chain, 0);
            for (var budget = smallest.PeakBytes; budget < Enough(chain); budget += 3)
                Assert.InRange(ChenSegments.Plan(chain, budget).PeakBytes, 0, budget);
        }, seed: Seed, iter: 100);
}
