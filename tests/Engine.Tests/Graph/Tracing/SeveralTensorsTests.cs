using Interactive.Execution;
using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interactive.Engine.Tests.Graphs.Tracing;

/// <summary>Modules of several inputs or outputs.</summary>
public class SeveralTensorsTests
{
    private sealed class Siamese : Module<Tensor, Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> tower = Sequential(Conv2d(1, 4, 3), ReLU(), Flatten(), Linear(64, 6));
        public Siamese() : base("siamese") => RegisterComponents();
        public override Tensor forward(Tensor a, Tensor b) => (tower.call(a) - tower.call(b)).pow(2).sum(1);
    }

    private sealed class TwoHeads : Module<Tensor, (Tensor, Tensor)>
    {
        private readonly Module<Tensor, Tensor> body = Linear(6, 8), mean = Linear(8, 2), spread = Linear(8, 3);
        public TwoHeads() : base("heads") => RegisterComponents();
        public override (Tensor, Tensor) forward(Tensor x)
        {
            var h = functional.relu(body.call(x));
            return (mean.call(h), spread.call(h).softmax(1));
        }
    }

    [Fact]
    public void Two_inputs_share_one_tower()
    {
        using var scope = NewDisposeScope();
        var net = new Siamese();
        var graph = Graph.Trace(net, [randn(2, 1, 6, 6), randn(2, 1, 6, 6)]);
        Assert.Empty(graph.Notes);
        Assert.Equal(2, graph.Inputs.Count);
        Check(net, graph, [randn(5, 1, 6, 6), randn(5, 1, 6, 6)], x => [net.call(x[0], x[1])]);
    }

    [Fact]
    public void Two_outputs_come_from_one_body()
    {
        using var scope = NewDisposeScope();
        var net = new TwoHeads();
        var graph = Graph.Trace(net, [randn(2, 6)]);
        Assert.Empty(graph.Notes);
        Assert.Equal(2, graph.Outputs.Count);
        Check(net, graph, [randn(5, 6)], x =>
        {
            var (a, b) = net.call(x[0]);
            return [a, b];
        });
    }

    private static void Check(nn.Module net, Graph graph, Tensor[] inputs, Func<Tensor[], Tensor[]> run)
    {
        static Tensor Loss(IReadOnlyList<Tensor> outputs)
            => outputs.Select(o => (o * o.cos()).sum()).Aggregate((a, b) => a + b);
        net.train();
        var loss = Loss(run(inputs));
        loss.backward();
        var wanted = net.named_parameters().ToDictionary(p => p.name, p => p.parameter.grad!.clone());
        foreach (var parameter in net.parameters()) parameter.grad = null;
        using var executor = new Executor(graph, null, Objective.From("cosines", (outputs, _) => Loss(outputs)));
        Assert.Equal(loss.item<float>(), executor.Step(inputs, []));
        foreach (var (name,
            parameter) in net.named_parameters()) Assert.True(wanted[name].bytes.SequenceEqual(parameter.grad!.bytes),
            name);
    }
}
