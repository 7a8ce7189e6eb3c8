using Interactive.Engine.Tests.Training;
using Interactive.Graphs;
using Interactive.Layouts;
using Interactive.Memory;
using Interactive.Models;

namespace Interactive.Engine.Tests.Layouts;

public class LayoutTests
{
    private static string Refused(Action action) => Assert.Throws<UsageException>(action).Message;

    [Theory]
    [InlineData("pipe=two", "pipe must be a whole number of at least 1, got 'two'")]
    [InlineData("pipe=2,pipe=3", "pipe is given twice")]
    [InlineData("pip=2", "'pip=2' is none of its parts")]
    [InlineData("pipe=2,order=2f2b", "there is no order '2f2b': choose gpipe, 1f1b")]
    [InlineData("pipe=2,order=gpipe,chunks=3", "order=gpipe has 1 a rank")]
    public void A_text_that_is_no_layout_is_refused(string text, string line)
        => Assert.Contains(line, Refused(() => Layout.Parse(text)));

    [Theory]
    [InlineData("pipe=3", 4, 32, "is for 3 ranks, there are 4: data=2,pipe=2 works")]
    [InlineData("pipe=4,micro=5", 4, 32,
        "a batch of 32 does not divide by 1 ranks x 5 micro-batches: a batch of 30 or a batch of 35 works, or micro=4")]
    [InlineData("pipe=4,order=interleaved,micro=2", 4, 32,
        "needs micro-batches that divide by the 4 ranks, got 2: 4 or 4 work")]
    [InlineData("pipe=4,order=zb-v,micro=4", 4, 32, "order=zb-v needs 7 micro-batches or more over 4 ranks, got 4")]
    public void What_does_not_divide_is_refused_with_what_does(string text, int ranks, int batch, string line)
        => Assert.Contains(line, Refused(() => Layout.Parse(text).Fitted(ranks, batch)));

    [Fact]
    public void Micro_batches_are_chosen_where_none_are_named()
        => Assert.Equal("data=1,pipe=2,order=1f1b,micro=8", Layout.Parse("pipe=2").Fitted(2, 32).ToString());

    private static Graph Net()
        => Zoo.Create("resnet18", new ModelOptions { Image = new Shape(3, 32, 32), ShapesOnly = true });

    [Fact]
    public void Stages_cover_every_node_once_and_hand_on_what_is_read_behind_them()
    {
        using var net = Net();
        var fused = Fusion.Fuse(net);
        var plan = new LayoutSearch(net).Plan(Layout.Parse("pipe=4,micro=4").Fitted(4, 16), 16, null);
        var stages = plan.Stages.Select(s => s.Schedule.Stage).ToArray();
        Assert.Equal(4, stages.Length);
        Assert.Equal(Enumerable.Range(0, fused.Nodes.Count),
            stages.SelectMany(s => Enumerable.Range(s.First, s.End - s.First)));
        for (var s = 1; s < stages.Length; s++)
            Assert.Equal(stages[s - 1].Outputs.Select(v => v.Id), stages[s].Inputs.Select(v => v.Id));
        var owned =
            stages.SelectMany(s => fused.Nodes.Skip(s.First).Take(s.End - s.First)).SelectMany(n => n.Op.Parameters)
            .Sum(p => p.numel());
        Assert.Equal(net.ParameterCount, owned);
    }

    [Fact]
    public void Stages_begin_where_they_are_told_to()
    {
        using var net = Net();
        var plan = new LayoutSearch(net).Plan(Layout.Parse("pipe=2,micro=2", "layer3.0").Fitted(2, 4), 4, null);
        Assert.StartsWith("layer3.0", plan.Ranks[1].First);
        Assert.Contains("has no such layer; it has",
            Refused(() => new LayoutSearch(net).Plan(Layout.Parse("pipe=2,micro=2", "layer9").Fitted(2, 4), 4, null)));
        Assert.Contains("names 2 first layers",
            Refused(()
            => new LayoutSearch(net).Plan(Layout.Parse("pipe=2,micro=2", "layer2.0,layer3.0").Fitted(2, 4), 4, null)));
    }

    [Fact]
    public void A_net_with_too_few_places_is_refused()
    {
        using var net = Nets.Mlp();
        Assert.Contains("can be cut into",
            Refused(() => new LayoutSearch(net).Plan(Layout.Parse("pipe=8,micro=8").Fitted(8, 8), 8, null)));
    }

    [Fact]
    public void Less_memory_is_kept_and_costs_time()
    {
        using var net = Zoo.Create("resnet18", new ModelOptions { Image = new Shape(3, 64, 64), ShapesOnly = true });
        var layout = Layout.Parse("pipe=2,micro=4").Fitted(2, 64);
        var search = new LayoutSearch(net);
        var free = search.Plan(layout, 64, null);
        var fullest = free.Ranks.MaxBy(r => r.PeakBytes)!;
        static double Computing(LayoutPlan plan) => plan.Stages.Sum(s => s.Times.Sum);
        static int Runs(LayoutPlan plan)
            => plan.Stages
            .Sum(s => s.Schedule.Schedule.Steps.Count(step => step.Kind is StepKind.Forward or StepKind.ForwardOnly));
        var recomputed = 0;
        foreach (var share in new[] { 0.9, 0.7, 0.5 })
        {
            var bytes = fullest.FixedBytes + (long)(share * fullest.ActivationPeakBytes);
            var plan = search.Plan(layout, 64, bytes);
            Assert.True(plan.PeakBytes <= bytes);
            Assert.True(plan.StepSeconds > free.StepSeconds,
                $"{share:P0}: {plan.StepSeconds} s, free {free.StepSeconds} s");
            if (Runs(plan) == Runs(free)) continue; // stages cut elsewhere may do for little
            Assert.True(Computing(plan) > Computing(free));
            recomputed++;
        }
        Assert.True(recomputed > 0);
        Assert.Contains("it needs about", Refused(() => search.Plan(layout, 64, fullest.FixedBytes + 1000)));
    }

    [Fact]
    public void Each_level_of_ZeRO_divides_more_and_stages_are_not_for_it()
    {
        using var net = Zoo.Create("vgg19", new ModelOptions { ShapesOnly = true });
        var bytes = net.ParameterCount * sizeof(float);
        long Fixed(Shards shards) => new LayoutSearch(net, shards: shards)
            .Plan(Layout.Parse("data=4,micro=8").Fitted(4, 32), 32, null).Ranks[0].FixedBytes;
        var whole = Fixed(new(0));
        double Share(Shards shards) => (whole - Fixed(shards)) / (double)bytes;
        Assert.Equal(0.75, Share(new(1)), 3);
        Assert.Equal(1.5, Share(new(2)), 3);
        Assert.Equal(2.25, Share(new(3)), 3);
        Assert.InRange(Share(new(3, OneHost: false)), 1.5, 1.9); // its largest layer has seven tenths of all
        Assert.Contains("data=4,pipe=1 works", Refused(()
            => new LayoutSearch(net, shards: new(1)).Plan(Layout.Parse("pipe=4,micro=8").Fitted(4, 32), 32, null)));
        const long Limit = 1 << 30;
        var sliced = new LayoutSearch(net).All(4, 32, Limit); // a stage with the first linear layer needs more
        Assert.True(sliced[0].Layout.ShardsLinear);
        Assert.All(sliced, plan => Assert.True(plan.Layout is { ShardsLinear: true } or { Tensor: > 1 } && plan.PeakBytes <= Limit));
        Assert.All(new LayoutSearch(net, shards: new(3)).All(4, 32, Limit), plan => Assert.True(plan.PeakBytes <= Limit));
    }

    [Fact]
    public void All_layouts_of_four_ranks_are_tried_and_the_fastest_comes_first()
    {
        using var net = Net();
        var plans = new LayoutSearch(net).All(4, 16, null);
        Assert.Equal([1, 2, 4], plans.Select(p => p.Layout.Pipe).Distinct().Order());
        Assert.Equal(plans.Select(p => p.StepSeconds).Order(), plans.Select(p => p.StepSeconds));
        Assert.All(plans, p => Assert.Equal(4, p.Layout.Ranks));
    }
}
