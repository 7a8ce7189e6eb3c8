using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>Parts of one run that come to another, and data that name a net's inputs as its forward does.</summary>
public sealed class SharedPartsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private TrainerOptions Options(string name) => new()
    {
        Name = name,
        Out = folder,
        Epochs = 2,
        BatchSize = 8,
        Progress = false,
        Device = "cpu",
    };

    private static TensorDataset Data(int classes = 3)
    {
        manual_seed(1);
        return new TensorDataset(randn(32, 4), randint(0, classes, 32, dtype: ScalarType.Int64));
    }

    private static nn.Module<Tensor, Tensor> Net(int classes = 3)
    {
        manual_seed(2);
        return nn.Linear(4, classes);
    }

    private static string Bits(nn.Module module) => Convert.ToHexString([.. module.parameters().SelectMany(p => p.bytes.ToArray())]);

    private string Train(string name, nn.Module<Tensor, Tensor> net, Optimizer optimizer, int classes = 3)
    {
        using var trainer = new Trainer(net, Data(classes), Data(classes), Options(name), optimizer: optimizer);
        trainer.Run();
        return Bits(net);
    }

    /// <summary>State is kept by name, and names are alike: the moments of one net are none of another's.</summary>
    [Fact]
    public void An_optimiser_begins_anew_with_another_net()
    {
        using var shared = new Adam();
        var first = Train("first", Net(), shared);
        Assert.Equal(first, Train("second", Net(), shared));
        using var own = new Adam();
        Assert.Equal(Train("five", Net(5), own, 5), Train("five-too", Net(5), shared, 5)); // of other shapes: kernels would write past the end
    }

    [Fact]
    public void It_goes_on_with_the_same_net()
    {
        var net = Net();
        using var shared = new Adam();
        Train("once", net, shared);
        Assert.Equal(8, shared.Steps);
        Train("twice", net, shared);
        Assert.Equal(16, shared.Steps);
    }

    [Fact]
    public void Trainers_that_take_turns_do_not_mix_their_states()
    {
        using var shared = new Adam();
        var (a, b) = (Net(), Net());
        using var one = new Trainer(a, Data(), Data(), Options("one"), optimizer: shared);
        using var two = new Trainer(b, Data(), Data(), Options("two"), optimizer: shared);
        one.Run();
        two.Run();
        Assert.Equal(Bits(a), Bits(b));
    }

    [Fact]
    public void In_a_loop_each_net_has_an_optimiser_of_its_own()
    {
        using var shared = new Adam();
        using var loop = new TrainingLoop(Options("loop"));
        loop.Setup(Graph.Capture(Net(), new Shape(4), name: "generator"), shared);
        var error = Assert.Throws<UsageException>(() => loop.Setup(Graph.Capture(Net(), new Shape(4), name: "critic"), shared));
        Assert.Equal("critic: its optimiser steps generator already: each net needs one of its own", error.Message);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(-0.1)]
    public void A_rate_that_is_none_is_refused_before_it_is_used(double rate)
    {
        var net = Net();
        var before = Bits(net);
        using var trainer = new Trainer(net, Data(), Data(), Options("rate"), learningRate: (_, _) => rate);
        var error = Assert.Throws<UsageException>(() => trainer.Run());
        Assert.Equal(FormattableString.Invariant($"the learning rate of step 1 is {rate}: it must be a number of at least 0"), error.Message);
        Assert.Equal(before, Bits(net));
    }

    private sealed class Pair : nn.Module<Tensor, Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> layer = nn.Linear(4, 3);
        public Pair() : base("pair") => RegisterComponents();
        public override Tensor forward(Tensor anchor, Tensor other) => layer.call(anchor) - 0.1 * layer.call(other);
    }

    [Fact]
    public void Inputs_may_be_called_what_forward_calls_them()
    {
        manual_seed(1);
        var (anchor, other, target) = (randn(32, 4), randn(32, 4), randint(0, 3, 32, dtype: ScalarType.Int64));
        string Of(string name, params NamedTensor[] inputs)
        {
            manual_seed(2);
            var net = new Pair();
            using var trainer = new Trainer(Graph.Trace(net, [anchor, other]), new TensorDataset(inputs, [new("target", target)]), new TensorDataset(inputs, [new("target", target)]), Options(name));
            trainer.Run();
            return Bits(net);
        }
        var right = Of("right", new("input", anchor), new("input2", other));
        Assert.Equal(right, Of("names", new("anchor", anchor), new("other", other)));
        Assert.Equal(right, Of("turned", new("other", other), new("anchor", anchor)));
        Assert.Equal(right, Of("places", new("left", anchor), new("right", other)));
        Assert.Equal("pair takes input, input2 (or anchor, other), the data have anchor, another",
            Assert.Throws<UsageException>(() => Of("half", new("anchor", anchor), new("another", other))).Message);
    }
}
