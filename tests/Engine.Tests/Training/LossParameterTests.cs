using Interactive.Data;
using Interactive.Engine.Tests.Collectives;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;
using Parameter = TorchSharp.Modules.Parameter;

using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>Losses that use parameters by themselves, past the net's outputs, and nets of which they use a part alone.</summary>
public sealed class LossParameterTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private TrainerOptions Options(string name) => new()
    {
        Name = name,
        Out = folder,
        Epochs = 2,
        BatchSize = 8,
        Momentum = 0,
        WeightDecay = 0,
        LearningRate = 0.1,
        Schedule = "constant",
        Progress = false,
        Device = "cpu",
        Threads = 1,
    };

    private static readonly (Tensor X, Tensor Y) numbers = Numbers();

    private static (Tensor, Tensor) Numbers()
    {
        manual_seed(1);
        return (randn(32, 4).DetachFromDisposeScope(), randn(32, 3).DetachFromDisposeScope());
    }

    private static TensorDataset Data() => new(numbers.X, numbers.Y);

    private sealed class Weighted : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> layer = nn.Linear(4, 3);
        public readonly Parameter uncertainty = nn.Parameter(zeros(1));
        public Weighted() : base("weighted") => RegisterComponents();
        public override Tensor forward(Tensor x) => layer.call(x);
        public Tensor Loss(Tensor y, Tensor target)
            => (-uncertainty).exp().squeeze() * nn.functional.mse_loss(y, target) + uncertainty.squeeze();
    }

    // Counts in forward, so that it is one node.
    private sealed class Opaque : nn.Module<Tensor, Tensor>
    {
        public readonly TorchSharp.Modules.Linear layer = nn.Linear(4, 3);
        private readonly Tensor seen = zeros(1);
        public Opaque() : base("opaque")
        {
            register_buffer("seen", seen);
            RegisterComponents();
        }
        public override Tensor forward(Tensor x)
        {
            using (no_grad()) seen.add_(x.sum());
            return layer.call(x);
        }
        public Tensor Loss(Tensor y, Tensor target) => nn.functional.mse_loss(y, target) + 0.1 * layer.weight.pow(2).sum();
    }

    private sealed class Heads : nn.Module<Tensor, (Tensor, Tensor)>
    {
        private readonly nn.Module<Tensor, Tensor> body = nn.Linear(4, 8), first = nn.Linear(8, 3), second = nn.Linear(8, 3);
        public Heads() : base("heads") => RegisterComponents();
        public override (Tensor, Tensor) forward(Tensor x)
        {
            var hidden = body.call(x).relu();
            return (first.call(hidden), second.call(hidden));
        }
    }

    private sealed class Target(bool withoutGradient) : nn.Module<Tensor, Tensor>("target")
    {
        private readonly nn.Module<Tensor, Tensor> online = nn.Linear(4, 3), target = nn.Linear(4, 3);
        public Target Made()
        {
            RegisterComponents();
            return this;
        }
        public override Tensor forward(Tensor x)
        {
            using var noGrad = withoutGradient ? no_grad() : null;
            var goal = withoutGradient ? target.call(x) : target.call(x).detach();
            noGrad?.Dispose();
            using var on = enable_grad();
            return online.call(x) - goal;
        }
    }

    private static T Seeded<T>(Func<T> make)
    {
        manual_seed(5);
        return make();
    }

    private static string Bits(nn.Module module) => Convert.ToHexString([.. module.state_dict().Values.SelectMany(t => t.bytes.ToArray())]);

    private static string Plain<T>(T net, optim.Optimizer optimizer, Func<T, int, Tensor> loss, int steps) where T : nn.Module
    {
        set_num_threads(1);
        for (var i = 0; i < steps; i++)
        {
            foreach (var parameter in net.parameters()) parameter.grad = null;
            loss(net, i).backward();
            optimizer.step();
        }
        return Bits(net);
    }

    // The trainer's batches.
    private static (Tensor X, Tensor Y) Batch(int step)
    {
        var sampler = new Sampler(32, 8, new TrainerOptions().Seed);
        using var at = tensor(Sampler.Part(sampler.Order(step / 4), 8, step % 4, 0, 1).ToArray().Select(i => (long)i).ToArray());
        return (numbers.X.index_select(0, at), numbers.Y.index_select(0, at));
    }

    [Fact]
    public void A_parameter_that_the_loss_alone_uses_is_trained()
    {
        var plain = Seeded(() => new Weighted());
        var bits = Plain(plain, optim.SGD(plain.parameters(), 0.1), (net, i) => net.Loss(net.call(Batch(i).X), Batch(i).Y), 8);
        var ours = Seeded(() => new Weighted());
        using (var trainer = new Trainer(ours, Data(), Data(), Options("weighted"), ours.Loss)) trainer.Run();
        Assert.Equal(bits, Bits(ours));

        var looped = Seeded(() => new Weighted());
        using var loop = new TrainingLoop(Options("loop"));
        var model = loop.Setup(Graph.Trace(looped, numbers.X));
        for (var i = 0; loop.Continue(8); i++)
        {
            using var flight = model.Forward(Batch(i).X);
            LoopModel.Backward(looped.Loss(flight.Outputs[0], Batch(i).Y), flight);
            model.Step(0.1);
            loop.Note(1);
        }
        Assert.Equal(bits, Bits(looped));
    }

    [Theory]
    [InlineData(false, 1, 0)]
    [InlineData(false, 2, 0)]
    [InlineData(true, 1, 0)]
    [InlineData(false, 1, 1)]
    [InlineData(false, 1, 2)]
    public void So_it_is_on_two_ranks(bool deterministic, int accumulate, int zero)
    {
        var plain = Seeded(() => new Weighted());
        Plain(plain, optim.SGD(plain.parameters(), 0.1), (net, i) => net.Loss(net.call(Batch(i).X), Batch(i).Y), 8);
        var found = Ranks.Run(2, world =>
        {
            Weighted net;
            lock (folder) net = Seeded(() => new Weighted());
            var options = Options($"ranks{deterministic}{accumulate}{zero}") with { Deterministic = deterministic, Accumulate = accumulate, Zero = zero };
            using var trainer = new Trainer(net, Data(), Data(), options, Objective.From("weighted", (y, target) => net.Loss(y[0], target[0])), communicator: world);
            trainer.Run();
            return (double)net.uncertainty.item<float>();
        });
        Assert.All(found, value => Assert.Equal(plain.uncertainty.item<float>(), value, 1e-6));
    }

    [Theory]
    [InlineData(true, true, true)]
    [InlineData(true, false, false)] // a frozen teacher
    [InlineData(false, true, false)]
    public void Parameters_that_are_not_the_nets_are_told(bool isUsed, bool requiresGradient, bool isTold)
    {
        var teacher = nn.Linear(4, 3);
        foreach (var parameter in teacher.parameters()) parameter.requires_grad = requiresGradient;
        Tensor Loss(Tensor y, Tensor target) => nn.functional.mse_loss(y, target) + (isUsed ? 1 : 0) * (isUsed ? teacher.weight.sum() : zeros(1).sum());
        using var trainer = new Trainer(Seeded(() => nn.Linear(4, 3)), Data(), Data(), Options($"told{isUsed}{requiresGradient}"), Loss);
        trainer.Run();
        var log = Path.Combine(trainer.Directory!.Path, "log.txt");
        Assert.Equal(isTold, File.Exists(log) && File.ReadAllText(log).Contains("uses parameters that are not the net's, and nobody trains them"));
    }

    [Fact]
    public void Where_ranks_divide_parameters_a_loss_that_uses_them_is_refused()
    {
        var net = Seeded(() => new Weighted());
        var error = Assert.Throws<UsageException>(() => new Trainer(net, Data(), Data(), Options("zero") with { Zero = 3 }, (y, target) => net.Loss(y, target)));
        Assert.Equal("the loss uses parameters of the net by itself, which --zero 3 divides among the ranks: choose --zero 2", error.Message);
    }

    [Fact]
    public void A_penalty_on_a_node_that_was_not_traced_counts_in_a_loop()
    {
        var plain = Seeded(() => new Opaque());
        var bits = Plain(plain, optim.SGD(plain.parameters(), 0.1), (net, i) => net.Loss(net.call(Batch(i).X), Batch(i).Y), 4);
        var ours = Seeded(() => new Opaque());
        using var loop = new TrainingLoop(Options("penalty"));
        var model = loop.Setup(Graph.Trace(ours, numbers.X[..8]));
        for (var i = 0; loop.Continue(4); i++)
        {
            using var flight = model.Forward(Batch(i).X);
            LoopModel.Backward(ours.Loss(flight.Outputs[0], Batch(i).Y), flight);
            model.Step(0.1);
            loop.Note(1);
        }
        Assert.Equal(bits, Bits(ours));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_head_that_a_step_does_not_use_is_left_alone(bool decays)
    {
        var plain = Seeded(() => new Heads());
        Tensor Used((Tensor, Tensor) outputs, int step) => (step % 3 == 1 ? outputs.Item2 : outputs.Item1).pow(2).mean();
        var bits = Plain(plain, decays ? optim.AdamW(plain.parameters(), 0.05, weight_decay: 0.3) : optim.SGD(plain.parameters(), 0.05, momentum: 0.9),
            (net, i) => Used(net.call(Batch(i).X), i), 8);
        var ours = Seeded(() => new Heads());
        using var loop = new TrainingLoop(Options($"heads{decays}"));
        var model = loop.Setup(Graph.Trace(ours, [numbers.X]), decays ? new Interactive.Training.AdamW(weightDecay: 0.3) : new Sgd(0.9));
        for (var i = 0; loop.Continue(8); i++)
        {
            using var flight = model.Forward(Batch(i).X);
            LoopModel.Backward(Used((flight.Outputs[0], flight.Outputs[1]), i), flight);
            model.Step(0.05);
            loop.Note(1);
        }
        Assert.Equal(bits, Bits(ours));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Layers_behind_a_detach_are_not_decayed(bool withoutGradient)
    {
        var plain = Seeded(() => new Target(withoutGradient).Made());
        var bits = Plain(plain, optim.AdamW(plain.parameters(), 0.05, weight_decay: 0.3), (net, i) => nn.functional.mse_loss(net.call(Batch(i).X), Batch(i).Y), 8);
        var ours = Seeded(() => new Target(withoutGradient).Made());
        var options = Options($"target{withoutGradient}") with { Optimizer = "adamw", LearningRate = 0.05, WeightDecay = 0.3 };
        using var trainer = new Trainer(ours, Data(), Data(), options, Losses.MeanSquare);
        trainer.Run();
        Assert.Empty(trainer.Graph.Notes);
        Assert.Equal(bits, Bits(ours));
    }

    /// <summary>Gradients of several forwards are added in autograd's order.</summary>
    [Fact]
    public void One_net_three_times_has_autograds_bits()
    {
        nn.Module<Tensor, Tensor> Net() => Seeded(() => nn.Sequential(("a", nn.Linear(4, 16)), ("r", nn.ReLU()), ("b", nn.Linear(16, 3))));
        Tensor Loss(Tensor a, Tensor b, Tensor c) => nn.functional.triplet_margin_loss(a, b, c);
        var plain = Net();
        var bits = Plain(plain, optim.SGD(plain.parameters(), 0.1), (net, i) => Loss(plain.call(Batch(i).X), plain.call(Batch(i + 1).X), plain.call(Batch(i + 2).X)), 6);
        var ours = Net();
        using var loop = new TrainingLoop(Options("triplet"));
        var model = loop.Setup(Graph.Trace(ours, numbers.X));
        for (var i = 0; loop.Continue(6); i++)
        {
            using var a = model.Forward(Batch(i).X);
            using var b = model.Forward(Batch(i + 1).X);
            using var c = model.Forward(Batch(i + 2).X);
            LoopModel.Backward(Loss(a.Outputs[0], b.Outputs[0], c.Outputs[0]), a, b, c);
            model.Step(0.1);
            loop.Note(1);
        }
        Assert.Equal(bits, Bits(ours));
    }

    [Fact]
    public void A_forward_from_before_a_step_is_refused()
    {
        using var loop = new TrainingLoop(Options("stale"));
        var model = loop.Setup(Graph.Trace(Seeded(() => nn.Sequential(("a", nn.Linear(4, 8)), ("b", nn.Linear(8, 3)))), numbers.X));
        Assert.True(loop.Continue(2));
        using var before = model.Forward(Batch(0).X);
        using var used = model.Forward(Batch(1).X);
        LoopModel.Backward(used.Outputs[0].pow(2).mean(), used);
        model.Step(0.1);
        Assert.Equal("sequential has made a step since this forward, and backward would mix the weights of before and after: run it forward again",
            Assert.Throws<UsageException>(() => LoopModel.Backward(before.Outputs[0].pow(2).mean(), before)).Message);
    }

    /// <summary>What is asked of a loss before a run takes nothing from what it draws in it.</summary>
    [Fact]
    public void A_loss_that_draws_goes_on_after_a_resume()
    {
        static Tensor Noisy(Tensor y, Tensor target) => nn.functional.mse_loss(y + 0.1 * randn_like(y), target);
        string Train(TrainerOptions options)
        {
            var net = Seeded(() => nn.Linear(4, 3));
            using var trainer = new Trainer(net, Data(), Data(), options with { Accumulate = 2, CheckpointEvery = 1 }, Noisy);
            trainer.Run();
            return Bits(net);
        }
        Train(Options("cut") with { MaxSteps = 3 });
        Assert.Equal(Train(Options("whole")), Train(Options("cut") with { Resume = true }));
    }
}
