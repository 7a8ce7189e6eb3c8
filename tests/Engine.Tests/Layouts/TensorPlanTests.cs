using Interactive.Graphs;
using Interactive.Graphs.Ops;
using Interactive.Graphs.Partition;
using Interactive.Layouts;
using Interactive.Memory;
using Interactive.Models;

namespace Interactive.Engine.Tests.Layouts;

/// <summary>Layers in slices over ranks with the same samples, planned, without ranks.</summary>
public class TensorPlanTests
{
    private const int Width = 32, Layers = 3, Tokens = 16, Vocabulary = 64, Heads = 4;

    private static Graph Gpt(bool shapesOnly = true)
        => Zoo.Create("gpt", new ModelOptions { Context = Tokens, Vocabulary = Vocabulary, Width = Width, Layers = Layers, Heads = Heads, ShapesOnly = shapesOnly });

    private static LayoutPlan Plan(Graph net, string layout, int batch)
        => Layout.Parse(layout) is var parsed ? new LayoutSearch(net).Plan(parsed.Fitted(parsed.Ranks, batch), batch, null) : null!;

    private static string Refused(Action action) => Assert.Throws<UsageException>(action).Message;

    [Theory]
    [InlineData("tensor=2,shard=linear,data=2", "divide the same layers: data=2,tensor=2 works")]
    [InlineData("tensor=2,pipe=2", "divides layers that are not in stages: data=2,tensor=2 works")]
    [InlineData("tensor=2,order=gpipe", "divides layers that are not in stages: data=1,tensor=2 works")]
    [InlineData("tensor=0", "tensor must be a whole number of at least 1, got '0'")]
    [InlineData("tensor=two", "tensor must be a whole number of at least 1, got 'two'")]
    public void What_it_is_not_combined_with_is_refused(string text, string line)
        => Assert.Contains(line, Refused(() => Layout.Parse(text)));

    [Fact]
    public void What_does_not_divide_is_refused_with_what_works()
    {
        using var gpt = Gpt();
        Assert.Contains("h.0.attn.core has 4 heads, which do not divide by 8 ranks: data=2,tensor=4 works", Refused(() => Plan(gpt, "tensor=8", 8)));
        Assert.Contains("is for 2 ranks, there are 3: data=3 works", Refused(() => Layout.Parse("tensor=2").Fitted(3, 6)));
        using var odd = Zoo.Create("gpt", new ModelOptions { Context = 8, Vocabulary = 64, Width = 30, Layers = 1, Heads = 3, ShapesOnly = true });
        Assert.Contains("h.0.attn.core has 3 heads, which do not divide by 2 ranks: data=2 works", Refused(() => Plan(odd, "tensor=2", 8)));
        var builder = new GraphBuilder("features", new Shape(8));
        using var features = builder.Build(builder.Input.Linear(25, name: "up").Relu().Linear(8));
        Assert.Contains("up has 25 outputs, which do not divide by 2 ranks: data=2 works", Refused(() => Plan(features, "tensor=2", 8)));
        builder = new GraphBuilder("none", new Shape(3, 8, 8));
        using var none = builder.Build(builder.Input.Conv(4, 3).Relu().AdaptiveAvgPool(1).Flatten());
        Assert.Contains("none has no attention, pairs of linear layers or tables that 2 ranks could divide: data=2 works", Refused(() => Plan(none, "tensor=2", 8)));
        Assert.Contains("--zero 2 divides what data ranks hold, tensor the layers: give one of them",
            Refused(() => new LayoutSearch(gpt, shards: new Shards(2)).Plan(Layout.Parse("data=2,tensor=2").Fitted(4, 8), 8, null)));
    }

    // Shoeybi et al. 2019: a layer sums twice forward and twice backward. Besides, tokens are looked up in slices, and scores
    // are made of them; of a row the loss takes three numbers.
    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 2)]
    [InlineData(1, 4)]
    public void A_gpt_sends_what_is_counted_by_hand(int data, int tensor)
    {
        using var gpt = Gpt();
        const int Batch = 8, Micro = 2;
        var plan = Plan(gpt, $"data={data},tensor={tensor},micro={Micro}", Batch);
        long rows = Batch / data * Tokens, values = 4 * rows * Width;
        var sums = (4 * Layers + 1 + 1) * 2 * values * (tensor - 1) / tensor;
        var loss = 3 * 4 * rows * (tensor - 1);
        long perLayer = 12 * Width * Width + 13 * Width, sliced = Layers * (12 * Width * Width + 7 * Width) + Vocabulary * Width;
        var whole = Layers * perLayer + Vocabulary * Width + Tokens * Width + 2 * Width - sliced;
        Assert.Equal(gpt.ParameterCount, whole + sliced);
        var gradients = 2 * 4 * (whole + sliced / tensor) * (data - 1) / data;
        Assert.Equal(sums + loss + gradients, plan.Ranks[0].SentBytes);
        Assert.Equal(3 * 4 * (whole + sliced / tensor) + Batch / data * Tokens * 8, plan.Ranks[0].FixedBytes);
    }

    [Fact]
    public void Activations_between_slices_are_divided()
    {
        using var gpt = Gpt();
        var (one, two, four) = (Plan(gpt, "micro=1", 8), Plan(gpt, "tensor=2,micro=1", 8), Plan(gpt, "tensor=4,micro=1", 8));
        Assert.True(two.Ranks[0].ActivationPeakBytes < 0.8 * one.Ranks[0].ActivationPeakBytes);
        Assert.True(four.Ranks[0].ActivationPeakBytes < two.Ranks[0].ActivationPeakBytes);
    }

    [Fact]
    public void Sums_are_never_run_again()
    {
        using var gpt = Gpt();
        var search = new LayoutSearch(gpt);
        var layout = Layout.Parse("tensor=2,micro=2").Fitted(2, 16);
        var easy = search.Plan(layout, 16, null);
        var tight = search.Plan(layout, 16, easy.Ranks[0].FixedBytes + easy.Ranks[0].ActivationPeakBytes * 9 / 10);
        var fused = Fusion.Fuse(TensorPartition.Of(gpt, new NoExchange(2), dividesLoss: true)!.Graph);
        var runs = tight.Stages[0].Schedule.Schedule.Steps.Where(s => s.Kind is StepKind.Forward or StepKind.ForwardOnly)
            .CountBy(s => s.Id).ToDictionary();
        Assert.Contains(runs.Values, times => times > 1); // something is
        Assert.All(fused.Nodes.Where(n => n.Op.RunsOnce), node => Assert.Equal(1, runs[node.Id]));
        Assert.Equal(2 * Layers + 1, fused.Nodes.Count(n => n.Op.RunsOnce));
    }

    // Where classes are not the loss's to divide the table that they share is whole.
    [Fact]
    public void Another_loss_takes_whole_scores()
    {
        using var gpt = Gpt();
        var divided = TensorPartition.Of(gpt, new NoExchange(2), dividesLoss: true)!;
        var whole = TensorPartition.Of(gpt, new NoExchange(2), dividesLoss: false)!;
        Assert.Equal((Vocabulary / 2, Vocabulary), (divided.Graph.Output.Shape[1], whole.Graph.Output.Shape[1]));
        Assert.Equal(divided.Slices.Count - 1, whole.Slices.Count);
        Assert.DoesNotContain(whole.Graph.Nodes, n => n.Op is SlicedEmbedding);
        Assert.Contains(whole.Graph.Nodes, n => n.Op is Embedding);
    }

    [Fact]
    public void A_planner_tries_it_and_takes_it_where_nothing_else_fits()
    {
        using var gpt = Zoo.Create("gpt", new ModelOptions { Layers = 1, ShapesOnly = true });
        var search = new LayoutSearch(gpt);
        var plans = search.All(2, 2, null);
        Assert.Contains(plans, p => p.Layout is { Tensor: 2, Data: 1 });
        // One block: nearly all parameters are the table's, of which a rank of a pipeline has all.
        var least = plans.Where(p => p.Layout.Tensor == 1).Min(p => p.PeakBytes);
        var small = plans.Where(p => p.Layout.Tensor == 2).Min(p => p.PeakBytes);
        Assert.True(small < least, $"{small} {least}");
        Assert.All(search.All(2, 2, small), p => Assert.Equal(2, p.Layout.Tensor));
    }
}
