using Interactive.Data;
using Interactive.Engine.Tests.Collectives;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>Loops of one's own: a GAN, a student with a teacher, pairs, an autoencoder with noise.</summary>
public sealed class LoopTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("loops").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private TrainerOptions Options(string name) => new()
    {
        Name = name,
        Out = folder,
        BatchSize = 16,
        Optimizer = "adam",
        WeightDecay = 0,
        CheckpointEvery = 0,
        Progress = false,
        Threads = 1,
    };

    private static Graph Net(string name, params long[] widths)
    {
        var net = new GraphBuilder(name, new Shape(widths[0]));
        var x = net.Input;
        for (var i = 1; i < widths.Length; i++)
            x = i + 1 < widths.Length ? x.Linear(widths[i]).Relu() : x.Linear(widths[i]);
        return Nets.Filled(net.Build(x));
    }

    private static Tensor Noise(long rows, long columns, long step)
        => tensor(Enumerable.Range(0, (int)(rows * columns)).Select(i => MathF.Sin(i * 1.7f + step)).ToArray(),
        [rows, columns]).clone();

    // Two optimisers; the critic hands its inputs' gradients on to the generator.
    private static void Gan(TrainingLoop loop, LoopModel generator, LoopModel critic, IBatchSource data, long steps)
    {
        while (loop.Continue(steps))
            foreach (var batch in loop.Batches(data))
            {
                using var scope = NewDisposeScope();
                using var real = batch;
                using var made = generator.Forward(Noise(real.Count, 3, loop.Step));
                using var onReal = critic.Forward(real.Input);
                using var onMade = critic.Forward(made.Outputs[0].detach());
                using var loss = nn.functional.softplus(-onReal.Outputs[0]).mean()
                    + nn.functional.softplus(onMade.Outputs[0]).mean();
                LoopModel.Backward(loss, onReal, onMade);
                critic.Step(1e-2);

                using var judged = critic.Forward(made.Outputs[0].detach());
                using var fooled = nn.functional.softplus(-judged.Outputs[0]).mean();
                fooled.backward();
                LoopModel.Backward(made, judged.Backward());
                critic.ZeroGradients();
                generator.Step(1e-2);
                if (!loop.Note(loss.item<float>())) break;
            }
    }

    private string[] Gan(int ranks, string name, long steps, bool resume = false) => Ranks.Run(ranks, world =>
    {
        using var generator = Net("generator", 3, 16, 6);
        using var critic = Net("critic", 6, 16, 1);
        critic.InputGradients = true;
        using var loop = new TrainingLoop(Options(name) with { Resume = resume, MaxSteps = steps }, world);
        Gan(loop, loop.Setup(generator), loop.Setup(critic), Nets.Data, 16);
        return Nets.Bits(generator) + Nets.Bits(critic);
    });

    [Fact]
    public void A_gan_with_two_optimisers_has_the_same_bits_on_all_ranks_and_after_a_resume()
    {
        foreach (var ranks in new[] { 1, 2 })
        {
            var whole = Gan(ranks, $"whole{ranks}", 8);
            Assert.Single(whole.Distinct());
            Gan(ranks, $"cut{ranks}", 4); // a whole epoch
            Assert.Equal(whole, Gan(ranks, $"cut{ranks}", 8, resume: true));
        }
    }

    [Fact]
    public void A_step_of_a_loop_has_the_bits_of_the_trainer_s()
    {
        string Loop()
        {
            using var graph = Nets.Mlp();
            using var loop = new TrainingLoop(Options("loop"));
            var net = loop.Setup(graph);
            while (loop.Continue(4))
                foreach (var batch in loop.Batches(Nets.Data))
                    using (batch)
                    {
                        var loss = net.Backward(batch.Inputs, batch.Targets);
                        net.Step(1e-2);
                        if (!loop.Note(loss, 1e-2)) break;
                    }
            return Nets.Bits(graph);
        }
        string Trainer()
        {
            using var graph = Nets.Mlp();
            using var trainer = new Trainer(graph, Nets.Data, Nets.Data, Options("trainer") with { Epochs = 1 },
                learningRate: (_, _) => 1e-2);
            trainer.Run();
            return Nets.Bits(graph);
        }
        Assert.Equal(Trainer(), Loop());
    }

    [Fact]
    public void A_loss_that_is_no_number_or_trains_nothing_and_an_empty_batch_are_one_line()
    {
        using var scope = NewDisposeScope();
        using var graph = Nets.Mlp();
        using var loop = new TrainingLoop(Options("misfits"));
        var net = loop.Setup(graph);
        using var step = net.Forward(zeros(4, 6));
        Assert.StartsWith("a loss is one number, got (4)",
            Assert.Throws<UsageException>(() => LoopModel.Backward(step.Outputs[0].sum(1), step)).Message);
        Assert.StartsWith("the loss does not depend on the outputs",
            Assert.Throws<UsageException>(() => LoopModel.Backward(step.Outputs[0].detach().sum(), step)).Message);
        Assert.Contains("a batch of no samples", Assert.Throws<UsageException>(() => net.Forward(zeros(0, 6))).Message);
    }

    [Fact]
    public void A_loss_that_turns_an_output_has_plain_autograd_s_bits()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var module = nn.Sequential(("hidden", nn.Linear(8, 8)), ("act", nn.ReLU()), ("scores", nn.Linear(8, 6)));
        var graph = Graph.Trace(module, randn(2, 5, 8));
        var (x, labels) = (randn(7, 5, 8), randint(6, [7, 5]));
        Tensor Loss(Tensor y) => nn.functional.cross_entropy(y.transpose(1, 2), labels);
        Loss(module.call(x)).backward();
        var plain = module.named_parameters().ToDictionary(p => p.name, p => p.parameter.grad!.clone());
        module.zero_grad();
        using var loop = new TrainingLoop(Options("turned"));
        var net = loop.Setup(graph);
        using var step = net.Forward(x);
        LoopModel.Backward(Loss(step.Outputs[0]), step);
        Assert.All(module.named_parameters(),
            p => Assert.True(plain[p.name].bytes.SequenceEqual(p.parameter.grad!.bytes), p.name));
    }

    [Fact]
    public void Gradients_are_averaged_while_backward_runs_and_passes_may_be_more_or_fewer()
    {
        var steps = Ranks.Run(2, world =>
        {
            var net = new GraphBuilder("line", new Shape(1));
            using var graph = net.Build(net.Input.Linear(1, bias: false));
            using (no_grad()) graph.parameters().Single().fill_(0);
            using var still = new Sgd(momentum: 0);
            using var loop = new TrainingLoop(Options($"overlap"), world);
            var line = loop.Setup(graph, still);
            loop.Continue(9);
            var found = new List<float>();
            float Gradient() => graph.parameters().Single().grad!.item<float>();
            void Pass(float input)
            {
                using var x = tensor(new[] { input * (world.Rank + 1) }, [1, 1]);
                using var flight = line.Forward(x);
                using var loss = flight.Outputs[0].sum();
                LoopModel.Backward(loss, flight);
            }
            Pass(1);
            found.Add(Gradient()); // the first time it waits for the step
            line.Step(0);
            Pass(1);
            found.Add(SpinWait.SpinUntil(() => Gradient() == 1.5f, TimeSpan.FromMinutes(1)) ? Gradient() : -1);
            Pass(2); // one more than last time
            line.Step(1);
            found.Add(graph.parameters().Single().item<float>());
            Pass(4); // one fewer: nobody has begun
            found.Add(Gradient());
            line.Step(1);
            found.Add(graph.parameters().Single().item<float>());
            Pass(8);
            line.ZeroGradients();
            Pass(16);
            line.Step(1);
            found.Add(graph.parameters().Single().item<float>());
            return found;
        });
        Assert.Equal([1, 1.5f, -4.5f, 4, -10.5f, -34.5f], steps[0]);
        Assert.Equal([2, 1.5f, -4.5f, 8, -10.5f, -34.5f], steps[1]);
    }

    [Fact]
    public void A_student_learns_from_a_frozen_teacher()
    {
        using var scope = NewDisposeScope();
        using var teacher = Net("teacher", 6, 16, 4);
        using var student = Net("student", 6, 8, 4);
        var before = Nets.Bits(teacher);
        using var loop = new TrainingLoop(Options("distillation"));
        var net = loop.Setup(student);
        loop.SetupFrozen(teacher);
        var losses = new List<double>();
        while (loop.Continue(40))
            foreach (var batch in loop.Batches(Nets.Data))
            {
                using var inner = NewDisposeScope();
                using var samples = batch;
                using var flight = net.Forward(samples.Input);
                using var loss = nn.functional.mse_loss(flight.Outputs[0], teacher.call(samples.Input));
                LoopModel.Backward(loss, flight);
                net.Step(1e-2);
                losses.Add(loss.item<float>());
                if (!loop.Note(losses[^1])) break;
            }
        Assert.True(losses[^1] < losses[0] / 4, $"{losses[0]} to {losses[^1]}");
        Assert.Equal(before, Nets.Bits(teacher));
        Assert.Equal(40, File.ReadLines(loop.Directory.Metrics).Count());
        Assert.True(loop.Directory.IsFinished);
    }

    [Fact]
    public void Pairs_of_views_run_through_one_net_at_once()
    {
        using var graph = Net("encoder", 6, 16, 4);
        using var loop = new TrainingLoop(Options("pairs") with { ClipNorm = 1 });
        var net = loop.Setup(graph);
        var losses = new List<double>();
        while (loop.Continue(20))
            foreach (var batch in loop.Batches(Nets.Data))
            {
                using var scope = NewDisposeScope();
                using var samples = batch;
                using var one = net.Forward(samples.Input);
                using var two = net.Forward(samples.Input * 1.1f);
                using var alike = nn.functional.normalize(one.Outputs[0])
                    .matmul(nn.functional.normalize(two.Outputs[0]).t()) * 5;
                using var loss = nn.functional.cross_entropy(alike, arange(samples.Count));
                LoopModel.Backward(loss, one, two);
                net.Step(1e-2);
                Assert.NotNull(net.GradientNorm);
                losses.Add(loss.item<float>());
                if (!loop.Note(losses[^1])) break;
            }
        Assert.True(losses[^1] < losses[0] * 0.8, $"{losses[0]} to {losses[^1]}");
    }

    [Fact]
    public void A_variational_autoencoder_joins_two_nets_by_noise()
    {
        using var encoder = Net("encoder", 6, 16, 4); // means and logarithms of variances
        using var decoder = Net("decoder", 2, 16, 6);
        decoder.InputGradients = true;
        using var loop = new TrainingLoop(Options("vae"));
        var (down, up) = (loop.Setup(encoder), loop.Setup(decoder));
        var losses = new List<double>();
        while (loop.Continue(40))
            foreach (var batch in loop.Batches(Nets.Data))
            {
                using var scope = NewDisposeScope();
                using var samples = batch;
                using var code = down.Forward(samples.Input);
                var (mean, spread) = (code.Outputs[0].narrow(1, 0, 2), code.Outputs[0].narrow(1, 2, 2));
                var drawn = mean + Noise(samples.Count, 2, loop.Step) * (spread / 2).exp();
                using var made = up.Forward(drawn.detach());
                using var rebuilt = nn.functional.mse_loss(made.Outputs[0], samples.Input);
                rebuilt.backward();
                var arriving = made.Backward()[0]!;
                using var divergence = 0.01f * (mean.square() + spread.exp() - spread - 1).mean();
                (divergence + (drawn * arriving).sum()).backward(); // hands the decoder's gradient on through the noise
                LoopModel.Backward(code, null);
                up.Step(1e-2);
                down.Step(1e-2);
                losses.Add(rebuilt.item<float>());
                if (!loop.Note(losses[^1])) break;
            }
        Assert.True(losses[^4..].Average() < losses[..4].Average(),
            $"{losses[..4].Average()} to {losses[^4..].Average()}");
    }

    [Fact]
    public void Two_nets_of_one_name_and_late_ones_are_refused()
    {
        using var one = Net("net", 6, 4);
        using var two = Net("net", 6, 4);
        using var loop = new TrainingLoop(Options("names"));
        loop.Setup(one);
        Assert.Contains("two nets are called net", Assert.Throws<UsageException>(() => loop.Setup(two)).Message);
    }
}
