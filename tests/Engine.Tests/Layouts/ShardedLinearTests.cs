using System.Globalization;
using Interactive.Collectives.Mpi;
using Interactive.Engine.Tests.Collectives;
using Interactive.Graphs;
using Interactive.Graphs.Partition;
using Interactive.Layouts;
using Interactive.Memory;
using Interactive.Models;

namespace Interactive.Engine.Tests.Layouts;

/// <summary>Linear layers in slices over the ranks that divide the batch, planned, without ranks.</summary>
public class ShardedLinearPlanTests
{
    private static Graph Vgg(string name = "vgg16")
        => Zoo.Create(name, new ModelOptions { Image = new Shape(3, 224, 224), ShapesOnly = true });

    private static string Refused(Action action) => Assert.Throws<UsageException>(action).Message;

    [Theory]
    [InlineData("data=2,shard=conv", "shard must be linear, got 'conv'")]
    [InlineData("data=2,pipe=2,shard=linear", "divides layers among data ranks, not into stages: data=4,shard=linear works")]
    [InlineData("data=2,order=gpipe,shard=linear", "not into stages: data=2,shard=linear works")]
    [InlineData("shard=linear", "of which there is one: give data=2 or more")]
    public void What_slices_are_not_combined_with_is_refused(string text, string line)
        => Assert.Contains(line, Refused(() => Layout.Parse(text)));

    [Fact]
    public void What_would_send_more_in_slices_is_refused_with_what_works()
    {
        using var net = Zoo.Create("resnet18", new ModelOptions { Image = new Shape(3, 32, 32), ShapesOnly = true });
        var layout = Layout.Parse("data=2,micro=1,shard=linear").Fitted(2, 4096);
        Assert.Contains("with a batch of 4096 no linear layer of resnet18 with features that divide by 2 sends less in slices than whole: data=2 works",
            Refused(() => new LayoutSearch(net).Plan(layout, 4096, null)));
        Assert.Contains("--zero 2 divides all parameters, shard=linear some: give one of them",
            Refused(() => new LayoutSearch(net, shards: new Shards(2)).Plan(layout, 4096, null)));
        Assert.Contains("is for 2 ranks, there are 3: data=3,shard=linear works", Refused(() => layout.Fitted(3, 4096)));
    }

    // By hand: convolutions summed, rows of 25088 gathered and their gradients summed, 4096 outputs exchanged behind the
    // first layer, the second and third a pair: 4096 gathered, 1000 summed, and back; the last bias summed.
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Vgg_sends_what_is_counted_by_hand(int ranks)
    {
        using var net = Vgg();
        const int Images = 8;
        var plan = new LayoutSearch(net).Plan(Layout.Parse($"data={ranks},shard=linear,micro=1").Fitted(ranks, ranks * Images), ranks * Images, null);
        var whole = new LayoutSearch(net).Plan(Layout.Parse($"data={ranks},micro=1").Fitted(ranks, ranks * Images), ranks * Images, null);
        var summed = 2L * 4 * (14_714_688 + 1000) * (ranks - 1) / ranks;
        var exchanged = 2L * 4 * Images * (ranks - 1) * (25088 + 4096 / ranks + 4096 + 1000);
        Assert.Equal(summed + exchanged, plan.Ranks[0].SentBytes);
        Assert.Equal(2L * 4 * 138_357_544 * (ranks - 1) / ranks, whole.Ranks[0].SentBytes);
        // 94.7 and 61.0 MB in pairs from the front, 830.1 and 553.4 without
        Assert.InRange(plan.Ranks[0].SentBytes / 1e6, 0, ranks == 4 ? 94.7 : 61.0);
        Assert.Equal(ranks == 4 ? 830.1 : 553.4, whole.Ranks[0].SentBytes / 1e6, 0.05);
        var linear = 4L * (25088 * 4096 + 4096 + 4096 * 4096 + 4096 + 4096 * 1000);
        var rest = 4L * (14_714_688 + 1000);
        Assert.Equal(3 * (rest + linear / ranks) + plan.Layout.Micro * Images * 3 * 224 * 224 * 4, plan.Ranks[0].FixedBytes);
    }

    [Fact]
    public void What_ranks_exchange_is_never_run_again()
    {
        var builder = new GraphBuilder("wide", new Shape(1, 8, 8));
        var x = builder.Input.Conv(8, 3, padding: 1).BatchNorm().Relu().Conv(8, 3, padding: 1).BatchNorm().Relu().MaxPool(2).Flatten();
        using var net = builder.Build(x.Linear(256).Relu().Dropout(0.2).Linear(192).Relu().Dropout(0.3).Linear(128).Gelu().Linear(4));
        var partition = PartitionedGraph.Of(net, 16, new NoExchange(2))!;
        var search = new LayoutSearch(net);
        var layout = Layout.Parse("data=2,micro=2,shard=linear").Fitted(2, 32);
        var easy = search.Plan(layout, 32, null);
        var tight = search.Plan(layout, 32, easy.Ranks[0].FixedBytes + easy.Ranks[0].ActivationPeakBytes * 9 / 10);
        var fused = Fusion.Fuse(partition.Graph);
        var runs = tight.Stages[0].Schedule.Schedule.Steps.Where(s => s.Kind is StepKind.Forward or StepKind.ForwardOnly)
            .CountBy(s => s.Id).ToDictionary();
        Assert.Contains(runs.Values, times => times > 1); // something is
        Assert.All(fused.Nodes.Where(n => n.Op.RunsOnce), node => Assert.Equal(1, runs[node.Id]));
        Assert.Equal(5, fused.Nodes.Count(n => n.Op.RunsOnce)); // in and out of two pairs, and the dropout in one
    }
}

/// <summary>The same over real MPI processes.</summary>
[Trait("Speed", "slow")]
public sealed class ShardedLinearTests : PipelineRuns
{
    private string[] Lines(MpiFlavor flavor, int ranks, string arguments)
    {
        using var job = MpiJob.Start(flavor, ranks, arguments, OneThread);
        Assert.True(job.Wait(240) == 0, job.Output);
        return [.. job.Lines.Select(line => line.Trim())];
    }

    private string[] Run(int ranks, string arguments, MpiFlavor flavor = MpiFlavor.OpenMpi, string? name = null, int steps = 20)
        => Lines(flavor, ranks, $"pipe wide {folder} --name {name ?? Guid.NewGuid().ToString("N")} --max-steps {steps} --no-progress --momentum 0.9 {arguments}");

    private static double[] Losses(string[] lines)
        => [.. lines.Where(line => line.StartsWith("step ")).Select(line => double.Parse(line.Split(' ')[3], CultureInfo.InvariantCulture))];

    private static double[] Words(string[] lines, string key, int at)
        => [.. lines.Select(line => line.Split(' ')).Where(words => words.Length > at && words[2] == key)
            .Select(words => double.Parse(words[at], CultureInfo.InvariantCulture))];

    [SkippableTheory]
    [InlineData(2, "micro=2", "--clip-norm 0.9", MpiFlavor.OpenMpi)]
    [InlineData(4, "micro=1", "--optimizer adam --learning-rate 0.001", MpiFlavor.Mpich)]
    public void Losses_are_those_of_data_parallelism(int ranks, string micro, string more, MpiFlavor flavor)
    {
        var whole = Losses(Run(ranks, $"--layout data={ranks},{micro} {more}"));
        var lines = Run(ranks, $"--layout data={ranks},{micro},shard=linear {more}", flavor);
        var sliced = Losses(lines);
        Assert.Equal(20, sliced.Length);
        Assert.NotEqual(whole[0], whole[^1]);
        Assert.All(whole.Zip(sliced), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        var (held, predicted) = (Words(lines, "held", 3), Words(lines, "held", 5));
        Assert.Equal(ranks, held.Length);
        Assert.All(held.Zip(predicted), bytes => Assert.InRange(bytes.First / bytes.Second, 0.98, 1.02));
    }

    [SkippableTheory]
    [InlineData(2, "wide")]
    [InlineData(4, "wide-skips")]
    public void Gradients_are_those_of_data_parallelism(int ranks, string net)
    {
        var lines = Lines(MpiFlavor.OpenMpi, ranks, $"layouts {net} 48 data={ranks},micro=2 data={ranks},micro=2,shard=linear");
        var apart = Words(lines, "apart", 3);
        Assert.Equal(ranks * 2 * 13, apart.Length);
        Assert.All(apart, worst => Assert.InRange(worst, 0, 1e-4));
        Assert.Contains(apart, worst => worst > 0); // the sums are others
    }

    [SkippableTheory]
    [InlineData(2)]
    [InlineData(4)]
    public void Vgg_sends_what_was_planned(int ranks)
    {
        var lines = Lines(MpiFlavor.OpenMpi, ranks, $"layouts vgg16 {8 * ranks} data={ranks},micro=1,shard=linear");
        var (sent, planned) = (Words(lines, "sent", 3), Words(lines, "sent", 5));
        Assert.Equal(ranks, sent.Length);
        // A ring deals blocks to ranks, so that single ranks send some more or less; 1000 floats lie in 1008.
        Assert.Equal(planned[0] + 2.0 * 4 * 8 * (ranks - 1) / ranks, sent.Average());
        Assert.InRange(sent.Average() / 1e6, 0, ranks == 4 ? 94.7 : 61.0);
    }

    [SkippableFact]
    public void A_run_goes_on_in_slices_and_without()
    {
        const string More = "--batch-size 48 --checkpoint-every 6 --optimizer adam --learning-rate 0.001";
        const string Sliced = $"--layout data=2,micro=2,shard=linear {More}", Whole = $"--layout data=2,micro=2 {More}";
        var all = Losses(Run(2, Sliced))[12..];
        Run(2, Sliced, name: "same", steps: 13);
        Assert.Equal(all, Losses(Run(2, $"{Sliced} --resume", name: "same")));
        Run(2, Sliced, name: "other", steps: 13);
        var whole = Losses(Run(2, $"{Whole} --resume", name: "other"));
        Assert.Equal(all.Length, whole.Length);
        Assert.All(all.Zip(whole), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }
}
