using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>Layers that are frozen and freed between the steps of a loop of one's own: the bits of plain TorchSharp.</summary>
public sealed class FrozenLoopTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private TrainerOptions Options => new() { Name = "loop", Out = folder, BatchSize = 8, Momentum = 0.9, WeightDecay = 0, Progress = false, Device = "cpu", CheckpointEvery = 0 };

    private static nn.Module<Tensor, Tensor> Net(long inputs, long outputs, int seed)
    {
        manual_seed(seed);
        return nn.Sequential(("a", nn.Linear(inputs, 8)), ("r", nn.ReLU()), ("b", nn.Linear(8, outputs)));
    }

    private static void Freeze(nn.Module net, string names, bool isFrozen)
    {
        foreach (var (name, parameter) in net.named_parameters())
            if (name.StartsWith(names, StringComparison.Ordinal)) parameter.requires_grad = !isFrozen;
    }

    private static void AssertSame(nn.Module expected, nn.Module actual)
    {
        foreach (var (name, parameter) in expected.named_parameters())
            Assert.True(parameter.bytes.SequenceEqual(actual.get_parameter(name)!.bytes), name);
    }

    /// <summary>A frozen layer stays where it is, momentum or not, and goes on from there.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("100%")]
    public void ALayer_IsFrozenAndFreed(string budget)
    {
        using var scope = NewDisposeScope();
        var (net, plain) = (Net(4, 3, 1), Net(4, 3, 1));
        var batches = Enumerable.Range(0, 6).Select(_ => (X: randn(8, 4), Y: randint(0, 3, 8, dtype: ScalarType.Int64))).ToArray();
        var graph = Graph.Capture(net, new Shape(4), name: "net");
        using (var loop = new TrainingLoop(Options with { MemoryBudget = budget }))
        {
            var model = loop.Setup(graph);
            while (loop.Continue(6))
                foreach (var (i, (x, y)) in batches.Index())
                {
                    if (i is 2 or 4) Freeze(net, "a.", isFrozen: i == 2);
                    model.Backward([x], [y]);
                    model.Step(0.1);
                    loop.Note(1);
                }
        }
        using var sgd = optim.SGD(plain.parameters(), 0.1, momentum: 0.9);
        foreach (var (i, (x, y)) in batches.Index())
        {
            if (i is 2 or 4) Freeze(plain, "a.", isFrozen: i == 2);
            sgd.zero_grad();
            if (i == 2)
                foreach (var parameter in plain.parameters()) parameter.grad = null; // SGD steps what has a gradient, of zeros too
            nn.functional.cross_entropy(plain.call(x), y).backward();
            sgd.step();
        }
        AssertSame(plain, net);
    }

    /// <summary>As many write it: the critic is frozen while the generator learns from it.</summary>
    [Fact]
    public void ACritic_IsFrozenWhileTheGeneratorLearns()
    {
        using var scope = NewDisposeScope();
        var (generator, critic, plainGenerator, plainCritic) = (Net(2, 4, 1), Net(4, 1, 2), Net(2, 4, 1), Net(4, 1, 2));
        var batches = Enumerable.Range(0, 4).Select(_ => (Real: randn(8, 4), Noise: randn(8, 2))).ToArray();
        static Tensor Cost(Tensor answers) => nn.functional.softplus(answers).mean();
        var made = Graph.Capture(generator, new Shape(2), name: "generator");
        var judge = Graph.Capture(critic, new Shape(4), name: "critic");
        judge.InputGradients = true;
        using (var loop = new TrainingLoop(Options))
        {
            var (g, d) = (loop.Setup(made), loop.Setup(judge));
            while (loop.Continue(4))
                foreach (var (real, noise) in batches)
                {
                    Freeze(critic, "", isFrozen: false);
                    using var fake = g.Forward(noise);
                    using var onReal = d.Forward(real);
                    using var onMade = d.Forward(fake.Outputs[0].detach());
                    LoopModel.Backward(Cost(-onReal.Outputs[0]) + Cost(onMade.Outputs[0]), onReal, onMade);
                    d.Step(0.1);

                    Freeze(critic, "", isFrozen: true);
                    using var judged = d.Forward(fake.Outputs[0].detach());
                    using var loss = Cost(-judged.Outputs[0]);
                    loss.backward();
                    LoopModel.Backward(fake, judged.Backward());
                    g.Step(0.1);
                    loop.Note(1);
                }
        }
        using var sgdG = optim.SGD(plainGenerator.parameters(), 0.1, momentum: 0.9);
        using var sgdD = optim.SGD(plainCritic.parameters(), 0.1, momentum: 0.9);
        foreach (var (real, noise) in batches)
        {
            Freeze(plainCritic, "", isFrozen: false);
            var fake = plainGenerator.call(noise);
            sgdD.zero_grad();
            (Cost(-plainCritic.call(real)) + Cost(plainCritic.call(fake.detach()))).backward();
            sgdD.step();
            Freeze(plainCritic, "", isFrozen: true);
            sgdG.zero_grad();
            Cost(-plainCritic.call(fake)).backward();
            sgdG.step();
        }
        AssertSame(plainGenerator, generator);
        AssertSame(plainCritic, critic);
    }
}
