using Interactive.Data;
using Interactive.Execution;
using Interactive.Monitoring;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>Losses as users write them.</summary>
public sealed class OwnLossTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private TrainerOptions Options => new()
    {
        Name = "loss",
        Out = folder,
        Epochs = 1,
        BatchSize = 8,
        LearningRate = 0.1,
        Schedule = "constant",
        WeightDecay = 0,
        Momentum = 0,
        Progress = false,
        Device = "cpu",
    };

    private static Tensor Entropy(Tensor y, Tensor target) => nn.functional.cross_entropy(y, target);

    private (byte[][] Weights, string Log, EvalRecord Last) Train(Func<Tensor, Tensor, Tensor> loss, TrainerOptions options)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var data = new TensorDataset(randn(8, 4), randint(0, 3, 8, dtype: ScalarType.Int64));
        var net = nn.Sequential(("a", nn.Linear(4, 8)), ("b", nn.ReLU()), ("c", nn.Linear(8, 3)));
        using var trainer = new Trainer(net, data, data, options, objective: Objective.From(loss));
        var last = trainer.Run();
        var log = Path.Combine(trainer.Directory!.Path, "log.txt");
        return ([.. net.parameters().Select(p => p.bytes.ToArray())], File.Exists(log) ? File.ReadAllText(log) : "", last);
    }

    /// <summary>A penalty on gradients asks autograd while the loss is made, in evaluation and for plans too.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("100%")]
    public void ALossMayAskForGradients(string budget)
    {
        static Tensor Penalised(Tensor y, Tensor target)
        {
            var entropy = Entropy(y, target);
            var gradient = autograd.grad([entropy], [y], retain_graph: true, create_graph: true)[0];
            return entropy + gradient.pow(2).sum();
        }
        var (weights, _, last) = Train(Penalised, Options with { MemoryBudget = budget });
        Assert.True(double.IsFinite(last.Loss));
        Assert.NotEqual(Train(Entropy, Options).Weights[0], weights[0]);
    }

    [Fact]
    public void ALossThatRunsBackwardItself_IsRefused()
    {
        var message = Assert.Throws<UsageException>(() => Train((y, target) =>
        {
            var loss = Entropy(y, target);
            if (loss.requires_grad) loss.backward();
            return loss;
        }, Options)).Message;
        Assert.StartsWith("the loss does not take the net's 3 Float32 with the data's targets (1) Int64: Trying to backward through the graph a second time", message);
    }

    /// <summary>The mean of parts is another number than the sum over all.</summary>
    [Theory]
    [InlineData(true, 2, true)]
    [InlineData(true, 1, false)]
    [InlineData(false, 2, false)]
    public void ASumInParts_IsTold(bool isSum, int parts, bool isTold)
    {
        var (_, log, _) = Train((y, target) => nn.functional.cross_entropy(y, target, reduction: isSum ? nn.Reduction.Sum : nn.Reduction.Mean), Options with { Accumulate = parts });
        Assert.Equal(isTold, log.Contains("so it is a sum: a step is the mean of its 2 parts, and its gradient 2 times smaller"));
    }
}
