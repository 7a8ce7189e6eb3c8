using CsCheck;
using Interactive.Layouts;

namespace Interactive.Engine.Tests.Layouts;

public class OrderTests
{
    private static LayoutRun Run(string order, int ranks, int micros, double f, double b, double w, double c = 0,
        int? chunks = null)
    {
        var found = PipelineOrders.Find(order, chunks);
        var part = new StageTimes(f / found.Chunks, b / found.Chunks, w / found.Chunks);
        return LayoutSimulator.Run(found, ranks, micros, [.. Enumerable.Repeat(part, ranks * found.Chunks)], _ => c);
    }

    [Theory]
    [InlineData("gpipe", 33, new[] { 8.0, 8, 8, 8 })]
    [InlineData("1f1b", 33, new[] { 4.0, 3, 2, 1 })]
    [InlineData("1f1b-eager", 33, new[] { 7.0, 5, 3, 1 })]
    [InlineData("interleaved", 28.5, new[] { 5.5, 4.5, 3.5, 2.5 })]
    [InlineData("zb-h1", 27, new[] { 4.0, 4, 4, 4 })]
    [InlineData("zb-v", 25.5, new[] { 4.0, 4, 4, 4 })]
    public void Steps_of_four_ranks_and_what_is_in_flight(string order, double seconds, double[] inFlight)
    {
        var run = Run(order, 4, 8, 1, 1, 1);
        Assert.Equal(seconds, run.StepSeconds, 9);
        Assert.Equal(inFlight, run.InFlight);
    }

    [Fact]
    public void H2_has_seven_in_flight_on_each_of_four_ranks()
        => Assert.Equal([7, 7, 7, 7], Run("zb-h2", 4, 12, 1, 1, 1).InFlight);

    [Theory] // Qi et al. 2024, tables 9 and 5
    [InlineData(8, 24, 18.522, 18.086, 9.337, .601, .2431, .1585, .1083)]
    [InlineData(8, 24, 29.718, 29.444, 19.927, .527, .2347, .1323, .0698)]
    [InlineData(16, 48, 11.347, 11.248, 8.132, .377, .2552, .1397, .0672)]
    [InlineData(32, 256, 10.402, 10.248, 7.698, .460, .1352, .0594, .0257)]
    public void The_bubbles_are_the_published_ones(int ranks, int micros, double f, double b, double w, double c,
        double plain, double h1, double h2)
    {
        Assert.Equal(plain, Run("1f1b", ranks, micros, f, b, w, c).BubbleRate, 4);
        Assert.Equal(h1, Run("zb-h1", ranks, micros, f, b, w, c).BubbleRate, 4);
        Assert.Equal(h2, Run("zb-h2", ranks, micros, f, b, w, c).BubbleRate, 4);
    }

    [Theory] // Narayanan et al. 2021
    [InlineData(2, 12, 1, 7.69)]
    [InlineData(4, 28, 3, 3.45)]
    [InlineData(8, 48, 2, 6.80)]
    [InlineData(16, 144, 2, 4.95)]
    [InlineData(35, 280, 3, 3.89)]
    [InlineData(64, 512, 1, 10.96)]
    public void Megatron_waits_as_published(int ranks, int micros, int chunks, double percent)
        => Assert.Equal(percent,
        100
        * (chunks == 1 ? Run("1f1b", ranks, micros, 1, 1, 1)
        : Run("interleaved", ranks, micros, 1, 1, 1, 0, chunks)).IdleShare, 2);

    [Fact]
    public void A_slow_link_delays_an_eager_step_once()
    {
        Assert.Equal(151, Run("1f1b", 8, 32, 1, 1, 1, .5).StepSeconds, 9);
        Assert.Equal(124, Run("1f1b-eager", 8, 32, 1, 1, 1, .5).StepSeconds, 9);
    }

    [Fact]
    public void Every_order_is_complete_and_lives_without_buffers()
    {
        foreach (var order in PipelineOrders.All.Append(new Interleaved(3)))
            for (var ranks = 1; ranks <= 6; ranks++)
                for (var micros = 1; micros <= 18; micros++)
                    if (order.Misfit(ranks, micros) is null)
                        Assert.True(OrderCheck.Problem(order, ranks, micros) is null, $"{order.Name} over {ranks} ranks, {micros} micro-batches: {OrderCheck.Problem(order, ranks, micros)}");
    }

    [Fact]
    public void An_order_that_waits_for_itself_is_found()
    {
        Assert.Contains("never gets beyond", OrderCheck.Problem(new Backwards(), 2, 2));
        Assert.Null(OrderCheck.Problem(new LateReader(), 2, 4));
        Assert.Contains("without buffers", OrderCheck.Problem(new AheadOfItself(), 2, 12));
    }

    private sealed class Backwards : IPipelineOrder
    {
        public string Name => "backwards";
        public IReadOnlyList<PipelineAction> Actions(int rank, int ranks, int micros)
            => rank == 0 ? new OneForwardOneBackward().Actions(1, 2, micros) : new GPipe().Actions(rank, ranks, micros);
    }

    // The first rank runs ahead of the second one, which waits for nothing but takes no input until it has to.
    private sealed class LateReader : IPipelineOrder
    {
        public string Name => "late";
        public IReadOnlyList<PipelineAction> Actions(int rank, int ranks, int micros)
            => rank == 0 ? new GPipe().Actions(rank, ranks, micros)
            : new OneForwardOneBackward().Actions(rank, ranks, micros);
    }

    // The second rank begins with answers to a first one that sends on without listening.
    private sealed class AheadOfItself : IPipelineOrder
    {
        public string Name => "ahead";
        public int Chunks => 2;
        public int Stage(int rank, int chunk, int ranks) => chunk == 0 ? rank : 2 * ranks - 1 - rank;

        public IReadOnlyList<PipelineAction> Actions(int rank, int ranks, int micros)
        {
            var list = new ActionList(micros);
            list.AddRest(PassKind.F, 0);
            list.AddRest(PassKind.F, 1);
            if (rank == 1)
            {
                list = new ActionList(micros);
                for (var i = 0; i < micros; i++)
                {
                    list.Add(PassKind.F, 0);
                    list.Add(PassKind.F, 1);
                }
            }
            for (var chunk = 1; chunk >= 0; chunk--) list.AddRest(PassKind.BW, chunk);
            return list.Actions;
        }
    }

    private static readonly Gen<StageTimes[]> Uneven =
        Gen.Select(Gen.Double[0.1, 4], Gen.Double[0.1, 4], Gen.Double[0.1, 4])
        .Select(t => new StageTimes(t.Item1, t.Item2, t.Item3)).Array[1, 6];

    [Fact]
    public void Gpipe_over_uneven_stages_takes_what_the_formula_says()
        => Gen.Select(Uneven, Gen.Int[1, 12]).Sample((times, micros) =>
    {
        var seconds = LayoutSimulator.Run(new GPipe(), times.Length, micros, times).StepSeconds;
        Assert.Equal(times.Sum(t => t.Sum) + (micros - 1) * (times.Max(t => t.F) + times.Max(t => t.B + t.W)), seconds,
            6);
    }, iter: 300);

    [Fact]
    public void No_1f1b_step_is_shorter_than_its_bound() => Gen.Select(Uneven, Gen.Int[1, 12]).Sample((times, micros) =>
    {
        var seconds = LayoutSimulator.Run(new OneForwardOneBackward(), times.Length, micros, times).StepSeconds;
        Assert.True(StepBound.OneForwardOneBackward(times, micros) <= seconds + 1e-9);
    }, iter: 300);
}
