using Interactive.Execution;
using Interactive.Graphs;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Graphs.Tracing;

/// <summary>What a module holds beside registered tensors and changes after its graph was made: told, never passed over.</summary>
public sealed class HeldStateTests
{
    private sealed class Settings
    {
        public double Alpha { get; set; } = 1;
        public int Seen { get; set; } // no business of a forward
    }

    private readonly record struct Pair(double A);

    private sealed class Holder : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> first = nn.Linear(4, 3), second = nn.Linear(4, 3);
        public readonly Settings Settings = new();
        public Func<double> Function = () => 1;
        public readonly double[] Numbers = [1, 2];
        public readonly double[,] Matrix = { { 1 } };
        public readonly List<Settings> Layers = [new(), new()];
        public readonly Dictionary<string, double> Named = new() { ["a"] = 1 };
        public (double A, int B) Pair = (1, 2);
        public Pair Record = new(1);
        public Tensor Mask = ones(3);
        public nn.Module<Tensor, Tensor> Which;
        private readonly Dictionary<long, Tensor> memo = [];
        private Tensor? shift;

        public Holder() : base("holder")
        {
            Which = first;
            RegisterComponents();
        }

        public void Swap() => Which = second;

        public override Tensor forward(Tensor input)
        {
            var (parts, rows) = (new List<Tensor>(), input.shape[0]);
            if (!memo.TryGetValue(rows, out var kept)) memo[rows] = kept = ones(3);
            shift ??= zeros(3);
            foreach (var part in Enumerable.Range(0, 2).Select(i => i + Layers[1].Alpha)) parts.Add(Which.call(input) * (part * Settings.Alpha * Function() * Numbers[0]));
            return cat(parts, 1).narrow(1, 0, 3) * (Matrix[0, 0] * Named["a"] * Pair.A * Record.A) * Mask * kept + shift;
        }
    }

    public static TheoryData<string> Changes => [.. changes.Keys];

    private static readonly Dictionary<string, (Action<Holder> Change, string Told)> changes = new()
    {
        ["settings"] = (n => n.Settings.Alpha = 0.5, "Settings.Alpha was 1 when the graph was made and is 0.5 now"),
        ["an element's settings"] = (n => n.Layers[1].Alpha = 0.5, "Layers.Alpha was 1 when the graph was made and is 0.5 now"),
        ["an element"] = (n => n.Layers[1] = new Settings { Alpha = 0.5 }, "Layers holds something else now than when the graph was made"),
        ["a function"] = (n => n.Function = () => 0.5, "Function is another Func`1 now than when the graph was made"),
        ["numbers"] = (n => n.Numbers[0] = 0.5, "Numbers holds something else now than when the graph was made"),
        ["a matrix"] = (n => n.Matrix[0, 0] = 0.5, "Matrix holds something else now than when the graph was made"),
        ["a dictionary"] = (n => n.Named["a"] = 0.5, "Named holds something else now than when the graph was made"),
        ["a tuple"] = (n => n.Pair = (0.5, 2), "Pair was (1, 2) when the graph was made and is (0.5, 2) now"),
        ["a record"] = (n => n.Record = new(0.5), "Record was Pair { A = 1 } when the graph was made and is Pair { A = 0.5 } now"),
        ["a tensor"] = (n => n.Mask = zeros(3), "Mask is another Tensor now than when the graph was made"),
        ["a layer"] = (n => n.Swap(), "Which is another Linear now than when the graph was made"),
    };

    private static Executor Made(nn.Module<Tensor, Tensor> net, Tensor input)
    {
        var graph = Graph.Trace(net, input, "net");
        Assert.Empty(graph.Notes);
        var executor = new Executor(graph);
        executor.Infer(input).Dispose();
        return executor;
    }

    private static void Told(string line, Executor executor, Tensor input)
        => Assert.StartsWith($"net: {line}, which the graph would not follow: make the graph again", Assert.Throws<UsageException>(() => executor.Infer(input)).Message);

    [Theory]
    [MemberData(nameof(Changes))]
    public void What_a_forward_reads_and_another_changes_is_told(string name)
    {
        using var scope = NewDisposeScope();
        var (net, x) = (new Holder(), randn(2, 4));
        using var executor = Made(net, x);
        net.Settings.Seen = 3;
        net.Numbers[0] = 1; // the same
        using (no_grad()) net.Mask.fill_(2); // read anew
        Assert.Equal(net.call(x).bytes.ToArray(), executor.Infer(x).bytes.ToArray());
        changes[name].Change(net);
        Told(changes[name].Told, executor, x);
    }

    [Fact]
    public void What_a_function_holds_is_watched_and_what_it_asks_makes_one_node()
    {
        using var scope = NewDisposeScope();
        var (alpha, x) = (1.0, randn(2, 4));
        using (var executor = Made(new Holder { Function = () => alpha }, x))
        {
            alpha = 0.5;
            Told("Function.alpha was 1 when the graph was made and is 0.5 now", executor, x);
        }
        var graph = Graph.Trace(nn.Sequential(("in", nn.Linear(4, 4)), ("part", new Holder { Function = () => Random.Shared.NextDouble() < 2 ? 1 : 0 })), x);
        Assert.Equal(["part is one node: its code asks Random, which no graph can follow"], graph.Notes.Select(n => n.ToString()));
    }

    private sealed class Annealed : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> layer = nn.Linear(4, 4);
        public Interactive.Training.Trainer? Trainer { get; set; }
        public Annealed() : base("annealed") => RegisterComponents();
        public override Tensor forward(Tensor input) => layer.call(input) * (Trainer is null ? 1.0 : 1.0 / (1 + Trainer.Step));
    }

    [Fact]
    public void A_forward_that_asks_the_trainer_is_one_node()
    {
        using var scope = NewDisposeScope();
        var graph = Graph.Trace(nn.Sequential(("part", new Annealed()), ("out", nn.Linear(4, 3))), randn(2, 4));
        Assert.Equal(["part is one node: its code asks Trainer, which no graph can follow"], graph.Notes.Select(n => n.ToString()));
    }

    [Theory]
    [InlineData("stride", "conv.stride holds something else now")]
    [InlineData("padding", "conv.padding_mode was Zeros")]
    [InlineData("pool", "pool.kernel_size holds something else now")]
    [InlineData("count", "mean.count_include_pad was True")]
    public void Sizes_and_switches_of_layers_that_change_are_told(string what, string line)
    {
        using var scope = NewDisposeScope();
        var (conv, pool, mean, x) = (nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), nn.AvgPool2d(2, 1, 1), randn(2, 1, 8, 8));
        using var executor = Made(nn.Sequential(("conv", conv), ("pool", pool), ("mean", mean)), x);
        if (what == "stride") conv.stride = [2, 2];
        else if (what == "padding") conv.padding_mode = PaddingModes.Circular;
        else if (what == "pool") pool.kernel_size = [3, 3];
        else mean.count_include_pad = false;
        Assert.StartsWith($"net: {line}", Assert.Throws<UsageException>(() => executor.Infer(x)).Message);
    }
}
