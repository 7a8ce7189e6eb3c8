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

    /// <summary>The same for any objective, inputs and outputs.</summary>
    public static TrainingStep Plain(Graph graph, IObjective objective, Tensor[] inputs, Tensor[] targets)
        => From(graph, () => Autograd(graph, objective, inputs, targets));

    /// <summary>One step of autograd, every intermediate disposed right after its last use.</summary>
    public static double Autograd(Graph graph, IObjective objective, Tensor[] inputs, Tensor[] targets)
    {
        var outputs = graph.Forward(inputs);
        using var loss = objective.Loss(outputs, targets);
        loss.backward();
        foreach (var output in outputs) output.Dispose();
        return loss.to_type(ScalarType.Float64).item<double>();
    }

    /// <summary>The executor, with the exact peak of the second of two steps (gradients then exist).</summary>
    public static TrainingStep Planned(Graph graph, Schedule schedule, Tensor x, Tensor y, out long peak)
        => Planned(graph, schedule, null, [x], [y], out peak);

    /// <summary>The same for any objective, inputs and outputs.</summary>
    public static TrainingStep Planned(Graph graph, Schedule schedule, IObjective? objective, Tensor[] inputs,
        Tensor[] targets, out long peak)
    {
        using var executor = new Executor(graph, schedule, objective);
        var step = From(graph, () => executor.Step(inputs, targets));
        long most = 0;
        From(graph, () =>
        {
            var loss = 0.0;
            most = LiveTensors.Peak(() => loss = executor.Step(inputs, targets));
            return loss;
        }, clear: false);
        peak = most;
        return step;
    }

    /// <summary>After any step, from cleared gradients unless told otherwise.</summary>
    public static TrainingStep From(Graph graph, Func<double> step, bool clear = true)
    {
        var buffers = graph.named_buffers().ToDictionary(b => b.name, b => b.buffer.clone());
        if (clear)
            foreach (var parameter in graph.parameters()) parameter.grad = null;
        manual_seed(7);
        var loss = step();
        var tensors =
            graph.named_parameters().Where(p => p.parameter.grad is not null)
            .Select(p => ($"{p.name}.grad", p.parameter.grad!.clone()))
            .Concat(graph.named_buffers().Select(b => (b.name, b.buffer.clone()))).ToDictionary();
        using (no_grad())
            foreach (var (name, buffer) in graph.named_buffers()) buffer.copy_(buffers[name]);
        return new TrainingStep { Loss = loss, Tensors = tensors };
    }

    public void AssertSame(TrainingStep other)
    {
        Assert.Equal(Loss, other.Loss);
        Assert.Equal(Tensors.Keys.Order(), other.Tensors.Keys.Order());
        foreach (var (name, tensor) in Tensors) Assert.True(tensor.Equals(other.Tensors[name]), name);
    }
}
