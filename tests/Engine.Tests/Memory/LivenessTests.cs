using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Models;
using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Memory;

/// <summary>What keep-all lets go of in the forward pass, because no backward reads it.</summary>
public class LivenessTests
{
    [Fact]
    public void A_rectified_batch_norm_that_only_a_join_reads_goes_in_forward()
    {
        var facts = Facts.Analytic("inceptionv4", 2, new ModelOptions { Image = new Shape(3, 96, 96) });
        var kept = Kept(facts);
        var pieces =
            facts.Graph.Values
            .Where(v => v.Producer?.Op is { Kind: "batch_norm_relu" } && v.Consumers.All(c => c.Op.IsJoin)).ToArray();
        Assert.True(pieces.Length > 50, $"{pieces.Length} pieces");
        Assert.All(pieces, piece => Assert.False(kept[piece.Id], piece.Name));
    }

    [Fact]
    public void What_a_pooling_reads_goes_in_forward_unless_others_need_it()
    {
        var facts = Facts.Analytic("densenet121", 2, new ModelOptions { Image = new Shape(3, 32, 32) });
        var kept = Kept(facts);
        var read = facts.Graph.Nodes.Where(n => n.Op.Kind is "max_pool2d" or "avg_pool2d").Select(n => n.Inputs[0])
            .ToArray();
        Assert.Equal(4, read.Length);
        Assert.All(read, value => Assert.False(kept[value.Id], value.Name));
    }

    [Fact]
    public void An_input_that_the_kernels_do_not_take_has_the_bits_of_autograd_too()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var builder = new GraphBuilder("gaps", new Shape(6, 8, 8));
        var x = builder.Input.BatchNorm().Relu();
        var graph = builder.Build(x.Concat(x.Conv(4, 1)).Flatten().Linear(10));
        graph.train();
        using var executor = new Executor(graph);
        var input = randn(4, 8, 8, 6).permute(0, 3, 1, 2); // not contiguous
        var target = randint(10, 4, dtype: ScalarType.Int64);
        Losses.CrossEntropy(graph.forward(input), target).backward();
        var expected = graph.parameters().Select(p => p.grad!.clone()).ToArray();
        foreach (var parameter in graph.parameters()) parameter.grad = null;
        executor.Step(input, target);
        foreach (var (gradient,
            parameter) in expected.Zip(graph.parameters())) Assert.Equal(gradient.bytes.ToArray(),
            parameter.grad!.bytes.ToArray());
    }

    /// <summary>By value: alive when backward begins.</summary>
    private static bool[] Kept(PlanningGraph facts)
    {
        var kept = new bool[facts.Graph.Nodes.Count + 1];
        foreach (var step in KeepAll.Schedule(facts.Graph).Steps)
            switch (step.Kind)
            {
                case StepKind.Forward: kept[step.Id + 1] = true; break;
                case StepKind.Free: kept[step.Id] = false; break;
                case StepKind.Backward or StepKind.ParameterGradients: return kept;
            }
        return kept;
    }
}
