using Interactive.Data;
using Interactive.Engine.Tests.Collectives;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>
/// Gradients lie in a pool that is the trainer's. What the user clears, replaces or gives to another trainer comes back there
/// by the next step: else they would add up from step to step, and ranks would train apart.
/// </summary>
public sealed class ReplacedGradientsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private TrainerOptions Options(string name) => new()
    {
        Name = name,
        Out = folder,
        Epochs = 2,
        BatchSize = 8,
        Momentum = 0.9,
        LearningRate = 0.1,
        Schedule = "constant",
        WeightDecay = 0.01,
        Progress = false,
        Device = "cpu",
        CheckpointEvery = 0,
    };

    private static nn.Module<Tensor, Tensor> Net()
    {
        manual_seed(1);
        return nn.Sequential(("a", nn.Linear(4, 8)), ("r", nn.ReLU()), ("b", nn.Linear(8, 3)));
    }

    private static TensorDataset Data()
    {
        manual_seed(2);
        return new TensorDataset(randn(32, 4), randint(0, 3, 32, dtype: ScalarType.Int64));
    }

    private static string Bits(nn.Module module) => Convert.ToHexString([.. module.parameters().SelectMany(p => p.bytes.ToArray())]);

    private string Train(string name, Action<nn.Module<Tensor, Tensor>, Trainer>? afterStep = null, bool besideAnother = false)
    {
        var (net, data) = (Net(), Data());
        using var trainer = new Trainer(net, data, data, Options(name), hooks: [new At { Step = (t, _) => afterStep?.Invoke(net, t) }]);
        using var other = besideAnother ? new Trainer(net, data, data, Options(name)) : null;
        trainer.Run();
        return Bits(net);
    }

    [Fact]
    public void ATrainer_TakesItsGradientsBack()
    {
        var plain = Train("plain");
        Assert.Equal(plain, Train("cleared", (net, trainer) => { if (trainer.Step == 2) net.zero_grad(); }));
        Assert.Equal(plain, Train("replaced", (net, trainer) =>
        {
            if (trainer.Step == 2)
                foreach (var parameter in net.parameters()) parameter.grad = ones_like(parameter);
        }));
        Assert.Equal(plain, Train("beside", besideAnother: true));
    }

    private static readonly (Tensor X, Tensor Y)[] batches = Batches();

    private static (Tensor, Tensor)[] Batches()
    {
        manual_seed(3);
        return [.. Enumerable.Range(0, 6).Select(_ => (randn(8, 4).DetachFromDisposeScope(), randint(0, 3, 8, dtype: ScalarType.Int64).DetachFromDisposeScope()))];
    }

    // Before and after a step's backward pass, by a user.
    private static readonly Dictionary<string, (Action<nn.Module, int>? Before, Action<nn.Module, int>? After)> deeds = new()
    {
        ["nothing"] = (null, null),
        ["cleared once"] = ((net, i) => { if (i == 2) net.zero_grad(); }, null),
        ["replaced"] = (null, (net, i) =>
        {
            if (i % 2 == 1)
                foreach (var parameter in net.parameters()) parameter.grad = parameter.grad!.sign() * 0.1f;
        }
        ),
        ["changed"] = (null, (net, i) =>
        {
            using var noGrad = no_grad();
            foreach (var parameter in net.parameters()) parameter.grad!.mul_(i + 1);
        }
        ),
        ["one left out"] = (null, (net, i) => { if (i is 3 or 4) net.get_parameter("b.weight")!.grad = null; }
        ),
    };

    public static TheoryData<string> Deeds => [.. deeds.Keys];

    private string Loop(string name, int ranks)
    {
        var (before, after) = deeds[name];
        return Assert.Single(Ranks.Run(ranks, world =>
        {
            nn.Module<Tensor, Tensor> net;
            Graph graph;
            lock (deeds)
            {
                net = Net();
                graph = Graph.Capture(net, new Shape(4), name: "net");
            }
            using (var loop = new TrainingLoop(Options($"{name.Replace(' ', '-')}{ranks}") with { WeightDecay = 0 }, world))
            {
                var model = loop.Setup(graph);
                while (loop.Continue(batches.Length))
                    foreach (var (i, (x, y)) in batches.Index())
                    {
                        before?.Invoke(net, i);
                        var own = 8 / ranks;
                        using var part = x.narrow(0, world.Rank * own, own);
                        using var labels = y.narrow(0, world.Rank * own, own);
                        model.Backward([part], [labels]);
                        if (after is not null) model.AverageGradients();
                        after?.Invoke(net, i);
                        model.Step(0.1);
                        loop.Note(1);
                    }
            }
            return Bits(net);
        }).Distinct());
    }

    [Theory]
    [MemberData(nameof(Deeds))]
    public void ALoop_StepsWhatTheUserHasMadeOfThem(string name)
    {
        using var scope = NewDisposeScope();
        var (before, after) = deeds[name];
        var plain = Net();
        using var sgd = optim.SGD(plain.parameters(), 0.1, momentum: 0.9);
        foreach (var (i, (x, y)) in batches.Index())
        {
            before?.Invoke(plain, i);
            foreach (var parameter in plain.parameters()) parameter.grad = null;
            nn.functional.cross_entropy(plain.call(x), y).backward();
            after?.Invoke(plain, i);
            sgd.step();
        }
        Assert.Equal(Bits(plain), Loop(name, ranks: 1));
        Loop(name, ranks: 2); // which end alike
    }

    [Fact]
    public void APassAfterTheAverage_IsRefused()
    {
        using var graph = Graph.Capture(Net(), new Shape(4), name: "net");
        using var loop = new TrainingLoop(Options("late"));
        var model = loop.Setup(graph);
        Assert.True(loop.Continue(1));
        model.Backward([batches[0].X], [batches[0].Y]);
        model.AverageGradients();
        Assert.StartsWith("net: a backward pass after AverageGradients", Assert.Throws<UsageException>(() => model.Backward([batches[0].X], [batches[0].Y])).Message);
    }
}
