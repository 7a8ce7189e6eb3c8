using Interactive.Data;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;
using Linear = TorchSharp.Modules.Linear;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Graphs.Tracing;

/// <summary>What a module decides outside of tensors, where no trace can see it.</summary>
public sealed class UntraceableCodeTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private abstract class Part(string name) : nn.Module<Tensor, Tensor>(name)
    {
        protected readonly Linear layer = nn.Linear(4, 4);
    }

    // Skipped once in a million runs: no number of runs would show it.
    private sealed class Skipping : Part
    {
        public Skipping() : base("skipping") => RegisterComponents();
        public override Tensor forward(Tensor input) => Luck() ? input : layer.call(input);
        private static bool Luck() => Random.Shared.NextDouble() < 1e-6;
    }

    private sealed class Counting : Part
    {
        private int runs;
        public Counting() : base("counting") => RegisterComponents();
        public override Tensor forward(Tensor input) => ++runs > 1000 ? input : layer.call(input);
    }

    private sealed class Lazy : Part
    {
        private readonly Func<bool> late;
        public Lazy() : base("lazy")
        {
            late = () => DateTime.UtcNow.Year > 3000;
            RegisterComponents();
        }
        public override Tensor forward(Tensor input)
        {
            Func<bool> now = () => DateTime.Now.Year > 3000;
            return now() || late() ? input : layer.call(input);
        }
    }

    private sealed class Scaled : Part
    {
        public double Scale { get; set; } = 1;
        public int Seen { get; set; } // no business of its forward
        public Scaled() : base("scaled") => RegisterComponents();
        public override Tensor forward(Tensor input) => layer.call(input) * Scale;
    }

    private static class Settings
    {
        public const double Shift = 1;
        public static double Beta = 1;
    }

    private sealed class Configured : Part
    {
        public Configured() : base("configured") => RegisterComponents();
        public override Tensor forward(Tensor input) => layer.call(input) * Settings.Beta + Settings.Shift;
    }

    private sealed class Noted : Part
    {
        private Tensor? last;
        public Noted() : base("noted") => RegisterComponents();
        public override Tensor forward(Tensor input) => last = layer.call(input);
    }

    private static nn.Module<Tensor, Tensor> Around(nn.Module<Tensor, Tensor> part) => nn.Sequential(("in", nn.Linear(4, 4)), ("part", part), ("out", nn.Linear(4, 3)));

    [Theory]
    [InlineData(typeof(Skipping), "part is one node: its code asks Random, which no graph can follow")]
    [InlineData(typeof(Counting), "part is one node: its code writes runs, on which a later run may depend")]
    [InlineData(typeof(Lazy), "part is one node: its code asks DateTime, which no graph can follow")]
    [InlineData(typeof(Scaled), "")]
    [InlineData(typeof(Noted), "")]
    public void The_code_of_a_forward_tells(Type type, string note)
    {
        using var scope = NewDisposeScope();
        var graph = Graph.Trace(Around((nn.Module<Tensor, Tensor>)Activator.CreateInstance(type)!), ones(2, 4));
        Assert.Equal(note, string.Join("; ", graph.Notes));
    }

    [Fact]
    public void A_static_field_that_changes_is_told()
    {
        using var scope = NewDisposeScope();
        using var graph = Graph.Trace(Around(new Configured()), ones(2, 4), "net");
        using var executor = new Interactive.Execution.Executor(graph);
        try
        {
            executor.Infer(ones(2, 4)).Dispose();
            Settings.Beta = 0.25;
            Assert.StartsWith("net: Settings.Beta was 1 when the graph was made and is 0.25 now", Assert.Throws<UsageException>(() => executor.Infer(ones(2, 4))).Message);
        }
        finally { Settings.Beta = 1; }
    }

    [Fact]
    public void A_field_that_changes_after_the_trace_ends_the_training()
    {
        using var part = new Scaled();
        using var net = Around(part);
        var data = new TensorDataset(ones(16, 4), zeros(16, dtype: ScalarType.Int64));
        using var trainer = new Trainer(net, data, data, new TrainerOptions { Name = "field", Out = folder, Epochs = 3, BatchSize = 8, Progress = false, Device = "cpu" },
            hooks: [new Interactive.Engine.Tests.Training.At { Epoch = (_, epoch) => (part.Scale, part.Seen) = (epoch < 2 ? 1 : 0.5, epoch) }]);
        var message = Assert.Throws<UsageException>(trainer.Run).Message;
        Assert.Contains("part.Scale was 1 when the graph was made and is 0.5 now, which the graph would not follow", message);
        Assert.Equal(4, trainer.Step);
    }

    /// <summary>An annealed dropout counts from the next step on, with autograd's bits, down to none and up to all.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_dropout_follows_its_module(bool trace)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var drop = nn.Dropout(0.5);
        var net = nn.Sequential(("a", nn.Linear(4, 8)), ("drop", drop), ("b", nn.Linear(8, 3)), ("other", nn.Dropout(0.3)));
        var (x, y) = (randn(8, 4), randint(0, 3, 8, dtype: ScalarType.Int64));
        var graph = trace ? Graph.Trace(net, x) : Graph.Capture(net, new Shape(4));
        using var executor = new Interactive.Execution.Executor(graph);
        foreach (var p in new[] { 0.5, 0.1, 0, 1, 0.7 })
        {
            drop.p = p;
            var ours = Gradients(() => executor.Step(x, y));
            var plain = Gradients(() => nn.functional.cross_entropy(net.call(x), y).backward());
            Assert.All(plain.Zip(ours), pair => Assert.Equal(pair.First, pair.Second));
        }

        byte[][] Gradients(Action step)
        {
            foreach (var parameter in net.parameters()) parameter.grad = null;
            manual_seed(5);
            step();
            return [.. net.parameters().Select(parameter => parameter.grad!.bytes.ToArray())];
        }
    }

    [Fact]
    public void A_number_of_a_layer_that_changes_is_told()
    {
        using var scope = NewDisposeScope();
        var (slope, drop) = (nn.LeakyReLU(0.25), nn.Dropout(0));
        using var graph = Graph.Trace(nn.Sequential(("a", nn.Linear(4, 3)), ("slope", slope), ("drop", drop)), ones(2, 4), "net");
        using var executor = new Interactive.Execution.Executor(graph);
        executor.Infer(ones(2, 4)).Dispose();
        slope.negative_slope = 0.5;
        Assert.Equal("net: slope.negative_slope was 0.25 when the graph was made and is 0.5 now, which the graph would not follow: make the graph again", Assert.Throws<UsageException>(() => executor.Infer(ones(2, 4))).Message);
        slope.negative_slope = 0.25;
        drop.p = 0.5; // at 0 there is no dropout to follow it
        Assert.StartsWith("net: drop.p was 0 when the graph was made and is 0.5 now", Assert.Throws<UsageException>(() => executor.Infer(ones(2, 4))).Message);
    }
}
