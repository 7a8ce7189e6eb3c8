using System.Text;
using Interactive.Engine.Tests.Memory;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory.Planners;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Execution;

/// <summary>Profiles of nets that are no fp32 image classifiers, and under which text they are kept.</summary>
public class ProfileKindsTests
{
    private sealed class Hidden : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Linear wide, narrow;
        private readonly double scale;
        public Hidden(int width, double scale = 1) : base("hidden")
        {
            (wide, narrow, this.scale) = (nn.Linear(16, width), nn.Linear(width, 16), scale);
            RegisterComponents();
        }
        public override Tensor forward(Tensor x) => narrow.call(wide.call(x).tanh() * scale);
    }

    private static string Text(nn.Module<Tensor, Tensor> inner, Action<Graph>? change = null)
    {
        var graph = Graph.Capture(nn.Sequential(("a", nn.Linear(16, 16)), ("h", inner), ("b", nn.Linear(16, 4))),
            new Shape(16));
        change?.Invoke(graph);
        var text = new StringBuilder();
        ProfileText.Write(graph, text);
        return text.ToString();
    }

    [Fact]
    public void The_text_differs_where_bytes_or_seconds_may()
    {
        using var scope = NewDisposeScope();
        string[] texts =
        [
            Text(new Hidden(8)), Text(new Hidden(2048)), Text(new Hidden(8, scale: 2)), Text(nn.LeakyReLU(0.1)),
                Text(nn.LeakyReLU(0.2)),
            Text(new Hidden(8), g => g.parameters().First().requires_grad_(false)), Text(new Hidden(8), g => g.eval()),
                Text(new Hidden(8), g => g.InputGradients = true),
        ];
        Assert.Equal(texts.Length, texts.Distinct().Count());
        Assert.Equal(texts[0], Text(new Hidden(8)));
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.BFloat16)]
    public void Nets_of_other_types_are_measured_and_trained_under_a_plan(ScalarType type)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var module = nn.Sequential(("a", nn.Linear(6, 32)), ("r", nn.ReLU()), ("b", nn.Linear(32, 32)),
            ("g", nn.GELU()), ("c", nn.Linear(32, 4)));
        module.to(type);
        var graph = Graph.Capture(module, new Shape(6), type);
        var plan = LeastBudget(Facts.Measured(graph, 8));
        Tensor[] inputs = [randn(8, 6).to_type(type)], targets = [randint(0, 4, 8, dtype: ScalarType.Int64)];
        TrainingStep.Plain(graph, new CrossEntropy(), inputs, targets)
            .AssertSame(TrainingStep.Planned(graph, plan.Schedule, null, inputs, targets, out _));

        static Interactive.Memory.Plan LeastBudget(Interactive.Memory.PlanningGraph facts)
            => Interactive.Memory.LeastBudget.Find(facts);
    }

    [Fact]
    public void Token_numbers_are_bounded_by_the_table_that_reads_them()
    {
        using var scope = NewDisposeScope();
        var graph = Graph.Capture(nn.Sequential(("e", nn.Embedding(10, 4)), ("f", nn.Flatten()),
            ("l", nn.Linear(24, 400))), new Shape(6), ScalarType.Int64);
        var (inputs, targets) = SyntheticBatch.Of(graph, 64);
        Assert.InRange(inputs[0].max().item<long>(), 0, 9);
        Assert.Null(new CrossEntropy().Misfit(graph.Outputs, targets));
        var steps = Graph.Capture(nn.Sequential(("a", nn.Linear(6, 8)), ("r", nn.ReLU()), ("b", nn.Linear(8, 4))),
            new Shape(5, 6));
        Assert.NotNull(new KeepAllPlanner().Make(Facts.Measured(steps, 8), long.MaxValue));
    }
}
