using Interactive.Engine.Tests.Execution;
using Interactive.Engine.Tests.Models;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Memory;

/// <summary>Loss, gradients and buffers after one step from the same start.</summary>
internal sealed class TrainingStep
{
    public required double Loss { get; init; }
    public required Dictionary<string, Tensor> Tensors { get; init; }

    /// <summary>TorchSharp's autograd over the whole graph.</summary>
    public static TrainingStep Plain(Graph graph, Tensor x, Tensor y) => From(graph, () =>
    {
        using var loss = SmallModels.Loss(graph.forward(x), y);
        loss.backward();
        return loss.item<float>();
    });

    /// <summary>The executor, with the exact peak of the second of two steps (gradients then exist).</summary>
    public static TrainingStep Planned(Graph graph, Schedule schedule, Tensor x, Tensor y, out long peak)
    {
        using var executor = new Executor(graph, schedule);
        var step = From(graph, () => executor.Step(x, y));
        long most = 0;
        From(graph, () =>
        {
            var loss = 0.0;
            most = LiveTensors.Peak(() => loss = executor.Step(x, y));
            return loss;
        }, clear: false);
        peak = most;
        return step;
    }

    private static TrainingStep From(Graph graph, Func<double> step, bool clear = true)
    {
        var buffers = graph.named_buffers().ToDictionary(b => b.name, b => b.buffer.clone());
        if (clear)
            foreach (var parameter in graph.parameters()) parameter.grad = null;
        manual_seed(7);
        var loss = step();
        var tensors = graph.named_parameters().Where(p => p.parameter.requires_grad).Select(p => ($"{p.name}.grad", p.parameter.grad!.clone()))
            .Concat(graph.named_buffers().Select(b => (b.name, b.buffer.clone()))).ToDictionary();
        using (no_grad())
            foreach (var (name, buffer) in graph.named_buffers()) buffer.copy_(buffers[name]);
        return new TrainingStep { Loss = loss, Tensors = tensors };
    }

    public void AssertSame(TrainingStep other)
    {
        Assert.Equal(Loss, other.Loss);
        foreach (var (name, tensor) in Tensors) Assert.True(tensor.Equals(other.Tensors[name]), name);
    }
}
