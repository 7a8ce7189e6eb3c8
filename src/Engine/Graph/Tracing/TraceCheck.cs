using Interactive.Execution;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>Runs a module and its graph side by side: outputs, gradients and buffers must have the same bits.</summary>
internal static class TraceCheck
{
    /// <summary>What differs, or null.</summary>
    public static string? Differs(nn.Module module, Graph graph, Tensor[] inputs, ModuleMemory memory)
    {
        using var scope = NewDisposeScope();
        var weights = new Dictionary<string, Tensor>();
        Tensor Loss(Tensor output)
        {
            if (!output.is_floating_point()) return output.to_type(ScalarType.Float32).sum();
            if (!weights.TryGetValue("output", out var weight)) weights["output"] = weight = rand_like(output);
            return (output * weight).sum();
        }

        var plain = Take(module, memory, () =>
        {
            var output = ModuleCall.Run(module, inputs)[0];
            using var noGrad = no_grad();
            var kept = output.detach().clone();
            using var withGrad = enable_grad();
            var loss = Loss(output);
            if (loss.requires_grad) loss.backward();
            return kept;
        });
        Tensor? seen = null;
        using var executor = new Executor(graph, null, (output, _) =>
        {
            seen = output.detach().clone().DetachFromDisposeScope();
            return Loss(output);
        });
        using var target = zeros(1);
        var ours = Take(module, memory, () =>
        {
            executor.Step(inputs[0], target);
            return seen!;
        });
        foreach (var (key, tensor) in plain)
            if (!ours.TryGetValue(key, out var its) || !TraceComparison.SameNumbers(tensor, its)) return $"{key} of the graph differs from the module's";
        return ours.Keys.FirstOrDefault(k => !plain.ContainsKey(k)) is { } extra ? $"{extra} of the graph is none of the module's" : null;
    }

    private static Dictionary<string, Tensor> Take(nn.Module module, ModuleMemory memory, Func<Tensor> step)
    {
        memory.PutBack();
        if (!module.training) module.train();
        manual_seed(11);
        var found = new Dictionary<string, Tensor> { ["the output"] = step() };
        foreach (var (name, parameter) in module.named_parameters())
            if (parameter.grad is { } gradient) found[$"the gradient of {name}"] = gradient.clone();
        foreach (var (name, buffer) in module.named_buffers()) found[$"the buffer {name}"] = buffer.clone();
        return found;
    }
}
