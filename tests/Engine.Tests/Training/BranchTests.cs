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
    {
        using var scope = NewDisposeScope();
        var module = new Branching();
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
}
