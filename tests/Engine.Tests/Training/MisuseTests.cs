using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>What trains nothing, or something else than meant, is told; what was disposed is named.</summary>
public sealed class MisuseTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;
    private readonly TensorDataset data = new(ones(16, 4), zeros(16, dtype: ScalarType.Int64));

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private TrainerOptions Options => new() { Name = "misuse", Out = folder, Epochs = 1, BatchSize = 8, Progress = false, Device = "cpu", CheckpointEvery = 0 };

    private static nn.Module<Tensor, Tensor> Module() => nn.Sequential(("a", nn.Linear(4, 8)), ("norm", nn.BatchNorm1d(8)), ("drop", nn.Dropout(0.5)), ("b", nn.Linear(8, 3)));

    private static nn.Module Norm(nn.Module module) => module.modules().Single(m => m is TorchSharp.Modules.BatchNorm1d);

    private static long Tracked(nn.Module module) => module.state_dict().Single(e => e.Key.EndsWith("num_batches_tracked")).Value.item<long>();

    private void Train(nn.Module module)
    {
        using var trainer = new Trainer(module, data, data, Options);
        trainer.Run();
    }

    private void Loop(Action<LoopModel> step, nn.Module<Tensor, Tensor>? module = null)
    {
        using var graph = Graph.Capture(module ?? Module(), new Shape(4), name: "net");
        using var loop = new TrainingLoop(Options);
        using var model = loop.Setup(graph);
        while (loop.Continue(2))
        {
            step(model);
            loop.Note(1);
        }
    }

    private static void Step(LoopModel model)
    {
        model.Backward([ones(8, 4)], [zeros(8, dtype: ScalarType.Int64)]);
        model.Step(0.1);
    }

    /// <summary>What is drawn after a training is what would have been drawn without it.</summary>
    /// <summary>The net as it is, without a line in a log.</summary>
    [Fact]
    public void AnEvaluationAfterTheRun_IsTheLast()
    {
        using var scope = NewDisposeScope();
        using var trainer = new Trainer(Module(), data, data, Options);
        var before = trainer.Evaluate(0);
        var last = trainer.Run();
        Assert.NotEqual(before.Loss, last.Loss);
        Assert.Equal(last.Loss, trainer.Evaluate(0).Loss);
    }

    [Fact]
    public void ATrainingLeavesTheGeneratorAsItWas()
    {
        using var scope = NewDisposeScope();
        manual_seed(7);
        var net = Module();
        var before = get_rng_state().clone();
        Train(net);
        Assert.True(before.Equals(get_rng_state()));
    }

    [Fact]
    public void A_net_in_evaluation_mode_is_trained_in_training_mode()
    {
        using var given = Module();
        given.eval();
        Train(given);
        Assert.Equal((2, true), (Tracked(given), Norm(given).training));

        using var captured = Module();
        captured.eval();
        using var graph = Graph.Capture(captured, new Shape(4));
        Train(graph);
        Assert.Equal(2, Tracked(captured));

        using var inLoop = Module();
        inLoop.eval();
        var steps = 0;
        Loop(model =>
        {
            Step(model);
            Assert.Equal(++steps, Tracked(inLoop));
        }, inLoop);
    }

    [Fact]
    public void A_single_module_in_evaluation_mode_stays_so()
    {
        using var inTrainer = Module();
        Norm(inTrainer).eval();
        using var graph = Graph.Capture(inTrainer, new Shape(4));
        Train(graph);
        Assert.Equal((0, false), (Tracked(inTrainer), Norm(inTrainer).training));

        using var inLoop = Module();
        Norm(inLoop).eval();
        Loop(model =>
        {
            Step(model);
            Assert.Equal((0, false), (Tracked(inLoop), Norm(inLoop).training));
        }, inLoop);
    }

    private sealed class FrozenNorm : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Linear layer = nn.Linear(4, 3);
        private readonly TorchSharp.Modules.BatchNorm1d norm = nn.BatchNorm1d(3);

        public FrozenNorm() : base("frozen") => RegisterComponents();
        public override Tensor forward(Tensor input) => norm.call(layer.call(input));

        public override void train(bool on = true)
        {
            base.train(on);
            norm.eval();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_modules_own_train_has_the_last_word(bool wasUsed)
    {
        using var whole = new FrozenNorm();
        if (wasUsed) whole.eval();
        Train(whole);
        Assert.Equal((0, false), (Tracked(whole), Norm(whole).training));

        using var part = new FrozenNorm();
        using var around = nn.Sequential(("part", part), ("out", nn.Linear(3, 3)));
        if (wasUsed) around.eval();
        Train(around);
        Assert.Equal((0, false), (Tracked(part), Norm(part).training));
    }

    [Fact]
    public void A_step_without_a_backward_pass()
        => Assert.StartsWith("net: a step without a backward pass since the last one", Refused(model => model.Step(0.1)));

    [Fact]
    public void A_loss_of_something_else()
        => Assert.Equal("no output of net has a gradient: the loss does not depend on this forward, or its backward() has not run", Refused(model =>
        {
            using var flight = model.Forward(ones(8, 4));
            LoopModel.Backward(ones(1, requires_grad: true).sum(), flight);
        }));

    [Fact]
    public void A_rate_that_is_no_number()
        => Assert.Equal("net: a step with the learning rate NaN", Refused(model =>
        {
            model.Backward([ones(8, 4)], [zeros(8, dtype: ScalarType.Int64)]);
            model.Step(double.NaN);
        }));

    private string Refused(Action<LoopModel> step) => Assert.Throws<UsageException>(() => Loop(step)).Message;

    [Fact]
    public void What_was_disposed()
    {
        Assert.Equal("net got a disposed tensor as input", Refused(model =>
        {
            var input = ones(8, 4);
            input.Dispose();
            using var flight = model.Forward(input);
        }));
        var module = Module();
        using var graph = Graph.Capture(module, new Shape(4), name: "net");
        module.Dispose();
        Assert.Contains("of net was disposed with its module or graph: make the net again", Assert.Throws<UsageException>(() => Train(graph)).Message);
    }

    public static TheoryData<string> Changes => [.. changes.Keys];

    private static readonly Dictionary<string, (Action<TorchSharp.Modules.Sequential> Change, string Told)> changes = new()
    {
        ["weight"] = (n => Layer(n).weight = new TorchSharp.Modules.Parameter(zeros(8, 4)), "a.weight of sequential was disposed, moved or replaced after the graph was made"),
        ["no bias"] = (n => Layer(n).bias = null, "a.bias of sequential was disposed, moved or replaced after the graph was made"),
        ["type"] = (n => n.to(ScalarType.Float64), "a.weight of sequential was disposed, moved or replaced after the graph was made"),
        ["disposed"] = (n => n.Dispose(), "a.weight of sequential was disposed, moved or replaced after the graph was made"),
        ["layer"] = (n => n.append("more", nn.Linear(3, 3)), "the module of sequential got or lost a layer after the graph was made"),
    };

    private static TorchSharp.Modules.Linear Layer(nn.Module net) => (TorchSharp.Modules.Linear)net.children().First();

    /// <summary>The line is not lost when the trainer is disposed behind it.</summary>
    [Theory]
    [MemberData(nameof(Changes))]
    public void A_net_that_is_made_another_between_epochs_is_told(string what)
    {
        var net = (TorchSharp.Modules.Sequential)Module();
        Assert.StartsWith(changes[what].Told, Assert.Throws<UsageException>(() =>
        {
            using var trainer = new Trainer(net, data, data, Options with { Epochs = 2 }, hooks: [new At { Epoch = (_, epoch) => { if (epoch == 1) changes[what].Change(net); } }]);
            trainer.Run();
        }).Message);
    }
}
