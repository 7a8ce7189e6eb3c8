using Interactive.Data;
using Interactive.Engine.Tests.Collectives;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;
using Linear = TorchSharp.Modules.Linear;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>Modules that decide anew in each step which of their parameters they use: each step touches those that had a gradient, as autograd's does.</summary>
public sealed class BranchTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    // The batch's first number says which of three branches runs.
    private sealed class Branching : nn.Module<Tensor, Tensor>
    {
        private readonly Linear first = nn.Linear(2, 3), second = nn.Linear(2, 3), third = nn.Linear(2, 3);

        public Branching() : base("branching")
        {
            RegisterComponents();
            foreach (var (i, p) in parameters().Index())
                using (no_grad()) p.copy_(arange(p.numel()).reshape(p.shape).sin() + i);
        }

        public override Tensor forward(Tensor input) => (int)input[0, 0].item<float>() switch
        {
            0 => first.call(input),
            1 => second.call(input),
            _ => first.call(input) + third.call(input),
        };
    }

    private static string Bits(nn.Module module) => Convert.ToHexString([.. module.parameters().SelectMany(p => p.bytes.ToArray())]);

    private const int Count = 48, BatchSize = 8, Epochs = 2;

    private TrainerOptions Options(string optimizer, int accumulate = 1) => new()
    {
        Name = "branches", Out = folder, Epochs = Epochs, BatchSize = BatchSize, Accumulate = accumulate, LearningRate = 0.05, Schedule = "constant",
        Optimizer = optimizer, WeightDecay = 0.1, Progress = false, Device = "cpu", Threads = 1, CheckpointEvery = 0,
    };

    // The branch of each micro-batch, so that none is used in every step; the first steps never use the third.
    private static TensorDataset Data(int micro, Func<int, int> branchOf)
    {
        var inputs = arange(Count * 2, dtype: ScalarType.Float32).reshape(Count, 2).cos();
        for (var epoch = 0; epoch < Epochs; epoch++)
        {
            var order = new Sampler(Count, BatchSize, 1).Order(epoch);
            if (epoch > 0) break; // later epochs mix as they come
            for (var i = 0; i < Count; i++) inputs[order[i], 0] = branchOf(i / micro);
        }
        return new TensorDataset(inputs, arange(Count) % 3);
    }

    private static string Plain(TensorDataset data, string optimizer, int micro)
        => Plain(data, optimizer, micro, new Branching());

    private static string Plain(TensorDataset data, string optimizer, int micro, nn.Module<Tensor, Tensor> module)
    {
        using var scope = NewDisposeScope();
        using var own = module;
        optim.Optimizer steps = optimizer == "sgd" ? optim.SGD(module.parameters(), 0.05, 0.9, 0, 0.1) : optim.AdamW(module.parameters(), 0.05, weight_decay: 0.1);
        for (var epoch = 0; epoch < Epochs; epoch++)
        {
            var order = new Sampler(Count, BatchSize, 1).Order(epoch);
            for (var step = 0; step < Count / BatchSize; step++)
            {
                foreach (var parameter in module.parameters()) parameter.grad = null; // as zero_grad(set_to_none: true)
                for (var at = 0; at < BatchSize; at += micro)
                {
                    using var batch = ((IBatchSource)data).Read(order.AsSpan(step * BatchSize + at, micro));
                    (nn.functional.cross_entropy(module.call(batch.Input), batch.Target) * (micro / (double)BatchSize)).backward();
                }
                steps.step();
            }
        }
        return Bits(module);
    }

    [Theory]
    [InlineData("sgd", 1)]
    [InlineData("adamw", 1)]
    [InlineData("sgd", 2)]
    public void A_trainer_has_autograds_bits(string optimizer, int accumulate)
    {
        var data = Data(BatchSize / accumulate, i => i % 5 == 3 ? 2 : i % 2);
        using var module = new Branching();
        using var trainer = new Trainer(module, data, data, Options(optimizer, accumulate));
        Assert.Contains("decide", Assert.Single(trainer.Graph.Notes).ToString());
        trainer.Run();
        Assert.Equal(Plain(data, optimizer, BatchSize / accumulate), Bits(module));
    }

    [Fact]
    public void A_loop_of_ones_own_has_autograds_bits()
    {
        var data = Data(BatchSize, i => i % 5 == 3 ? 2 : i % 2);
        using var module = new Branching();
        using var graph = Graph.Trace(module, ones(BatchSize, 2));
        using var loop = new TrainingLoop(Options("sgd"));
        using var model = loop.Setup(graph);
        while (loop.Continue(Epochs * Count / BatchSize))
            foreach (var batch in loop.Batches(data))
            {
                using (batch) model.Backward(batch.Inputs, batch.Targets);
                model.Step(0.05);
                if (!loop.Note(0)) break;
            }
        Assert.Equal(Plain(data, "sgd", BatchSize), Bits(module));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void What_one_rank_uses_is_stepped_on_all(int zero)
    {
        var data = Data(BatchSize / 2, i => i % 5 == 3 ? 2 : i % 2); // each rank has a branch of its own
        string Train(int ranks) => Assert.Single(Ranks.Run(ranks, world =>
        {
            using var module = new Branching();
            using var trainer = new Trainer(module, data, data, Options("sgd", 2 / ranks) with { Zero = ranks > 1 ? zero : 0 }, communicator: world);
            trainer.Run();
            return Bits(module);
        }).Distinct());
        Assert.Equal(Train(1), Train(2));
    }

    // The same between layers that are traced, so that there is something to cut and to slice.
    private sealed class Surrounded : nn.Module<Tensor, Tensor>
    {
        private readonly Linear before = nn.Linear(2, 64), middle = nn.Linear(64, 64), narrow = nn.Linear(64, 1), after = nn.Linear(3, 3);
        private readonly Branching branching = new();

        public Surrounded() : base("surrounded")
        {
            RegisterComponents();
            foreach (var (i, p) in parameters().Index())
                using (no_grad()) p.copy_((arange(p.numel()).reshape(p.shape) + i).sin() * 0.3);
        }

        public override Tensor forward(Tensor input)
        {
            var hidden = narrow.call(nn.functional.relu(middle.call(nn.functional.relu(before.call(input)))));
            return after.call(branching.call(cat([input.narrow(1, 0, 1), hidden], 1)));
        }
    }

    private Dictionary<string, byte[]> Train(int ranks, TensorDataset data, TrainerOptions options, List<string>? said = null)
    {
        var all = Ranks.Run(ranks, world =>
        {
            using var module = new Surrounded();
            using var trainer = new Trainer(module, data, data, options, communicator: world);
            trainer.Run();
            if (world.Rank == 0) said?.Add(trainer.Strategy.Description ?? "");
            return module.named_parameters().ToDictionary(p => p.name, p => p.parameter.bytes.ToArray());
        });
        Assert.Single(all.Select(p => Convert.ToHexString([.. p.Values.SelectMany(v => v)])).Distinct());
        return all[0];
    }

    [Theory]
    [InlineData("branching")]
    [InlineData("after")]
    public void A_pipeline_steps_what_autograd_reaches(string second)
    {
        var data = Data(BatchSize / 2, i => i % 5 == 3 ? 2 : i % 2);
        var expected = Plain(data, "adamw", BatchSize / 2, new Surrounded());
        var options = Options("adamw") with { Layout = "pipe=2,micro=2", Stages = second };
        Assert.Equal(expected, Convert.ToHexString([.. Train(2, data, options).Values.SelectMany(v => v)]));
        Assert.Equal(expected, Convert.ToHexString([.. Train(1, data, options with { Layout = "pipe=1,micro=2", Stages = "" }).Values.SelectMany(v => v)]));
    }

    [Theory]
    [InlineData("data=2,micro=1")]
    [InlineData("data=2,micro=1,shard=linear")]
    public void Data_ranks_with_a_layout_step_what_one_of_them_reaches(string layout)
    {
        var data = Data(BatchSize / 2, i => i % 4 == 3 ? 1 : 0); // ranks have branches of their own, none the third
        var plain = Train(2, data, Options("sgd") with { Epochs = 1 });
        var said = new List<string>();
        var laid = Train(2, data, Options("sgd") with { Epochs = 1, Layout = layout }, said);
        if (layout.Contains("linear")) Assert.Contains("middle.weight", Assert.Single(said));
        using var fresh = new Surrounded();
        var before = fresh.named_parameters().ToDictionary(p => p.name, p => p.parameter.bytes.ToArray());
        foreach (var (name, bytes) in laid)
        {
            Assert.Equal(name.Contains("third"), bytes.AsSpan().SequenceEqual(before[name])); // weight decay, too
            var numbers = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes).ToArray();
            var others = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(plain[name]).ToArray();
            Assert.All(numbers.Zip(others), pair => Assert.Equal(pair.Second, pair.First, layout.Contains("linear") ? 1e-5f : 0));
        }
    }

    // Both uses decide for themselves.
    private sealed class Shared : nn.Module<Tensor, Tensor>
    {
        private readonly Branching branching = new();
        private readonly Linear between = nn.Linear(3, 1);

        public Shared() : base("shared")
        {
            RegisterComponents();
            using (no_grad()) between.weight!.copy_(ones(1, 3));
            using (no_grad()) between.bias!.copy_(ones(1));
        }

        public override Tensor forward(Tensor input)
            => branching.call(cat([input.narrow(1, 0, 1), between.call(branching.call(input))], 1));
    }

    [Fact]
    public void What_a_layout_cannot_know_is_refused()
    {
        var data = Data(BatchSize, i => i % 2);
        string Trained(TrainerOptions options)
        {
            using var module = new Shared();
            using var trainer = new Trainer(module, data, data, options);
            trainer.Run();
            return Bits(module);
        }
        Assert.Contains("share parameters, and could not be traced",
            Assert.Throws<UsageException>(() => Trained(Options("sgd") with { Layout = "pipe=1,micro=2" })).Message);
        Assert.Equal(Plain(data, "sgd", BatchSize, new Shared()), Trained(Options("sgd")));
    }
}
