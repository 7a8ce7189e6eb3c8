using Interactive.Data;
using Interactive.Engine.Tests.Collectives;
using Interactive.Graphs;
using Interactive.Models;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>New heads, frozen layers, layers that thaw, adapters, and the one line that does it all.</summary>
public sealed class FineTuningTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tuning").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private TrainerOptions Options(string name)
        => FineTuning.Defaults with
        {
            Name = name,
            Out = folder,
            Progress = false,
            BatchSize = 16,
            Epochs = 2,
            Threads =
        1
        };

    private static Graph Net(long classes = 7)
    {
        var net = new GraphBuilder("net", new Shape(1, 8, 8));
        var x = net.Input.Conv(4, 3, padding: 1, name: "stem").BatchNorm("bn").Relu();
        using (net.Scope("layer1")) x = x.Conv(4, 3, padding: 1, name: "conv").BatchNorm("bn").Relu();
        return Nets.Filled(net.Build(x.Flatten().Linear(16, name: "fc1").Relu().Linear(classes, name: "fc2")));
    }

    private static readonly IDataSource Data = new SyntheticData(80, new Shape(1, 8, 8), 3, seed: 5);

    [Fact]
    public void A_new_head_stands_in_the_place_of_the_old_one()
    {
        using var net = Net();
        var before = net.state_dict().ToDictionary(t => t.Key, t => t.Value.clone());
        var tuned = net.WithHead(3);
        Assert.Equal(net.state_dict().Keys, tuned.state_dict().Keys);
        Assert.Equal(new Shape(3), tuned.Output.Shape);
        Assert.Equal([3L, 16], tuned.state_dict()["fc2.weight"].shape);
        Assert.All(tuned.state_dict().Where(t => !t.Key.StartsWith("fc2", StringComparison.Ordinal)),
            t => Assert.True(t.Value.Equals(before[t.Key])));
        foreach (var tensor in before.Values) tensor.Dispose();
    }

    [Theory]
    [InlineData("resnet18", "fc")]
    [InlineData("densenet121", "classifier")]
    [InlineData("mobilenetv2", "classifier.1")]
    [InlineData("googlenet", "fc")]
    [InlineData("vit", "head")]
    [InlineData("alexnet", "classifier.6")]
    public void Every_classifier_of_the_zoo_has_a_head(string model, string head)
    {
        using var net = Zoo.Create(model, new ModelOptions { ShapesOnly = true });
        var tuned = net.WithHead(5);
        Assert.Equal(new Shape(5), tuned.Output.Shape);
        Assert.Equal(head, GraphParts.HeadOf(tuned)!.Name);
        Assert.Equal(net.state_dict().Keys, tuned.state_dict().Keys);
        Assert.Equal(5, tuned.state_dict()[head + ".weight"].shape[0]);
    }

    [Fact]
    public void A_traced_modules_parameters_keep_their_names()
    {
        using var module = nn.Sequential(("body", nn.Linear(6, 8)), ("act", nn.ReLU()), ("last", nn.Linear(8, 4)));
        using var traced = Graph.Trace(module, zeros(2, 6));
        var tuned = traced.WithHead(2);
        Assert.Equal(["body.bias", "body.weight", "last.bias", "last.weight"],
            tuned.state_dict().Keys.Order(StringComparer.Ordinal));
        Assert.Equal([2L, 8], tuned.state_dict()["last.weight"].shape);
    }

    [Fact]
    public void A_net_can_be_cut_and_go_on_with_other_layers()
    {
        using var scope = NewDisposeScope();
        using var net = Net();
        net.eval();
        var x = randn(2, 1, 8, 8);
        var whole = net.forward(x);
        var features = net.UpTo("fc1");
        Assert.Equal(new Shape(16), features.Output.Shape);
        Assert.DoesNotContain("fc2.weight", features.state_dict().Keys);
        var again = features.Then(f => f.Relu("rectified").Linear(7, name: "other"));
        again.eval();
        using (no_grad())
        {
            again.state_dict()["other.weight"].copy_(net.state_dict()["fc2.weight"]);
            again.state_dict()["other.bias"].copy_(net.state_dict()["fc2.bias"]);
        }
        Assert.True(again.forward(x).Equals(whole));
        Assert.StartsWith("net has no node 'fc9': it has fc2, ",
            Assert.Throws<GraphException>(() => net.UpTo("fc9")).Message);
    }

    [Fact]
    public void Features_get_a_head_after_them()
    {
        using var net = Net();
        var features = net.UpTo("flatten");
        Assert.Equal("head", GraphParts.HeadOf(features.WithHead(4))!.Name);
        Assert.Contains("cut it where it has features",
            Assert.Throws<GraphException>(() => net.UpTo("bn").WithHead(4)).Message);
    }

    [Fact]
    public void Frozen_layers_keep_their_bits_and_their_statistics()
    {
        using var net = Net(3);
        net.Freeze("stem.*", "bn.*");
        var before = net.state_dict().ToDictionary(t => t.Key, t => Convert.ToHexString(t.Value.bytes));
        using (var trainer = new Trainer(net, Data, Data, Options("frozen"))) trainer.Run();
        string[] same =
            [.. net.state_dict().Where(t => Convert.ToHexString(t.Value.bytes) == before[t.Key]).Select(t => t.Key)];
        Assert.Equal(["bn.bias", "bn.num_batches_tracked", "bn.running_mean", "bn.running_var", "bn.weight",
            "stem.bias", "stem.weight"], same.Order(StringComparer.Ordinal));
        Assert.StartsWith("no parameter of net is called 'layer9.*': they are ",
            Assert.Throws<UsageException>(() => net.Freeze("layer9.*")).Message);
    }

    [Fact]
    public void Layers_thaw_epoch_by_epoch()
    {
        using var net = Net(3);
        var (last, moved) = (net.state_dict().ToDictionary(t => t.Key, t => Convert.ToHexString(t.Value.bytes)),
            new List<string>());
        var watch = new At
        {
            Evaluation = (trainer, _) =>
            {
                var now = net.named_parameters().ToDictionary(p => p.name, p => Convert.ToHexString(p.parameter.bytes));
                moved.Add(string.Join(" ",
                    now.Where(p => p.Value != last[p.Key]).Select(p => p.Key.Split('.')[0]).Distinct()
                    .Order(StringComparer.Ordinal)));
                foreach (var (name, bits) in now) last[name] = bits;
            },
        };
        using var trainer = new Trainer(net, Data, Data, Options("thaw") with { Epochs = 3, Schedule = "constant" },
            hooks: [new GradualUnfreezing("fc2.*", "fc1.*", "*"), watch]);
        trainer.Run();
        Assert.Equal(["fc2", "fc1 fc2", "bn fc1 fc2 layer1 stem"], moved);
    }

    [Fact]
    public void Adapters_begin_with_the_nets_own_outputs_train_alone_and_merge()
    {
        using var scope = NewDisposeScope();
        using var net = Zoo.Create("vit",
            new ModelOptions { Image = new Shape(3, 32, 32), Layers = 2, Heads = 2, Width = 16, Classes = 3 });
        net.eval();
        var x = randn(2, 3, 32, 32);
        var own = net.forward(x);
        var names = net.state_dict().Keys.ToArray();
        var adapted = net.WithLora(rank: 2, layers: ["*.attn.*", "*.mlp.*"]);
        adapted.eval();
        Assert.True(adapted.forward(x).Equals(own));
        Assert.Equal(2 * 4 * 2, adapted.parameters().Count(p => p.requires_grad));
        Assert.Equal(names.Length + 16, adapted.state_dict().Count);
        Assert.EndsWith("has adapters already: train these on, merge them first (MergeLora), or choose other layers:",
            Assert.Throws<UsageException>(() => adapted.WithLora()).Message);

        var before = adapted.state_dict().ToDictionary(t => t.Key, t => Convert.ToHexString(t.Value.bytes));
        var data = new SyntheticData(32, new Shape(3, 32, 32), 3);
        using (var trainer = new Trainer(adapted, data, data,
            Options("lora") with { LearningRate = 0.01 })) trainer.Run();
        Assert.All(adapted.state_dict(),
            t
            => Assert.Equal(t.Key.Contains("_lora.", StringComparison.Ordinal),
            Convert.ToHexString(t.Value.bytes) != before[t.Key]));

        adapted.eval();
        var tuned = adapted.forward(x);
        var merged = adapted.MergeLora();
        merged.eval();
        Assert.Equal(names, merged.state_dict().Keys);
        Assert.InRange((merged.forward(x) - tuned).abs().max().item<float>(), 0, 1e-5f);
        Assert.True((tuned - own).abs().max().item<float>() > 1e-4f);
        Assert.Contains("has no adapters to merge", Assert.Throws<UsageException>(() => merged.MergeLora()).Message);
    }

    private sealed class Twice : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> inner = nn.Linear(6, 6), head = nn.Linear(6, 4);
        public Twice() : base("twice") => RegisterComponents();
        public override Tensor forward(Tensor x) => head.call(inner.call(nn.functional.relu(inner.call(x))));
    }

    /// <summary>Each use of a layer has adapters of its own, which one weight cannot hold: both were added to it.</summary>
    [Fact]
    public void Adapters_of_a_layer_that_is_used_twice_are_not_merged()
    {
        using var scope = NewDisposeScope();
        var adapted = Graph.Trace(new Twice(), zeros(2, 6)).WithLora(rank: 2);
        Assert.EndsWith("has the same weight: use and export the net with its adapters, or give layers: that share none",
            Assert.Throws<UsageException>(() => adapted.MergeLora()).Message);
    }

    /// <summary>The average of weights that stand still is these weights: a share of it and another share added up are others in the last bit.</summary>
    [Fact]
    public void A_moving_average_leaves_frozen_weights_as_they_are()
    {
        using var scope = NewDisposeScope();
        var graph = Nets.Mlp().WithLora(rank: 2);
        var frozen = graph.named_parameters().Where(p => !p.parameter.requires_grad).ToDictionary(p => p.name, p => p.parameter.bytes.ToArray());
        using var trainer = new Trainer(graph, Nets.Data, Nets.Data, Options("average") with { Ema = 0.9, Epochs = 4, BatchSize = 4 });
        trainer.Run();
        using var best = Model.Load(trainer.Directory!.Path);
        foreach (var (name, parameter) in best.Graph.named_parameters())
            if (frozen.TryGetValue(name, out var bytes)) Assert.True(parameter.bytes.SequenceEqual(bytes), name);
        Assert.True(frozen.Count > 2);
    }

    [Fact]
    public void Two_moving_averages_are_one_line()
        => Assert.Equal("a run has one moving average of its weights: give --ema, or an ExponentialMovingAverage among the hooks", Assert.Throws<UsageException>(() =>
            new Trainer(Nets.Mlp(), Nets.Data, Nets.Data, Options("averages") with { Ema = 0.9 }, hooks: [new ExponentialMovingAverage()])).Message);

    /// <summary>
    /// A share of memory is of what the whole net takes, in the epoch in which all but the head is frozen too.
    /// </summary>
    [Fact]
    public void Fine_tuning_has_the_same_bits_under_a_budget()
    {
        string Tuned(string name, string budget)
        {
            manual_seed(2);
            using var net = Zoo.Create("resnet18", new ModelOptions { Image = new Shape(3, 32, 32), Classes = 7 });
            using var model = net.FineTune(new SyntheticData(40, new Shape(3, 32, 32), 3, seed: 5),
                Options(name) with { MemoryBudget = budget });
            Assert.Equal(new Shape(3), model.Graph.Output.Shape);
            Assert.Contains("accuracy", model.Metrics.Keys);
            return Nets.Bits(model.Graph);
        }
        Assert.Equal(Tuned("plain", ""), Tuned("budget", "40%"));
    }

    [Fact]
    public void In_its_first_epoch_the_body_is_frozen()
    {
        using var net = Net();
        var stem = Convert.ToHexString(net.state_dict()["stem.weight"].bytes);
        using var model = net.FineTune(Data, Options("first") with { MaxSteps = 3 });
        Assert.Equal(stem, Convert.ToHexString(model.Graph.state_dict()["stem.weight"].bytes));
        Assert.Equal("the head alone is trained for some of the 2 epochs, got 2",
            Assert.Throws<UsageException>(() => net.FineTune(Data, Options("x"), frozenEpochs: 2)).Message);
    }
}
