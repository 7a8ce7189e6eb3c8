using Interactive.Execution;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>Runs a module and its graph side by side: outputs, gradients and buffers must have the same bits, outputs in evaluation too.</summary>
internal static class TraceCheck
{
    /// <summary>What differs, or null.</summary>
    /// <param name="module">The module.</param>
    /// <param name="graph">Its graph.</param>
    /// <param name="inputs">A batch.</param>
    /// <param name="memory">Of the module.</param>
    /// <param name="ofInputs">Compare the gradients of the inputs as well: those of a part, whose own parameters may be
    /// none.</param>
    public static string? Differs(nn.Module module, Graph graph, Tensor[] inputs, ModuleMemory memory,
        bool ofInputs = false)
    {
        graph.InputGradients = ofInputs;
        using var scope = NewDisposeScope();
        var weights = new List<Tensor>();
        var seen = new List<Tensor>();
        Tensor Loss(IReadOnlyList<Tensor> outputs)
        {
            for (var i = seen.Count; i < outputs.Count; i++)
                seen.Add(outputs[i].detach().clone().DetachFromDisposeScope());
            var floats = outputs.Where(o => o.is_floating_point()).ToArray();
            for (var i = weights.Count; i < floats.Length; i++)
                weights.Add(rand_like(floats[i]).DetachFromDisposeScope());
            return floats.Length == 0 ? zeros(1) : floats.Select((o, i) => (o * weights[i]).sum()).Aggregate((a, b) => a + b);
        }

        using var executor = new Executor(graph, null, Objective.From("trace", (outputs, _) => Loss(outputs)));
        var plain = Take(() =>
        {
            var leaves = Array.ConvertAll(inputs,
                x => x.detach().requires_grad_(graph.InputGradients && x.is_floating_point()));
            var loss = Loss(ModuleCall.Run(module, leaves));
            if (loss.requires_grad) loss.backward();
            return Array.ConvertAll(leaves, leaf => leaf.grad);
        });
        var ours = Take(() =>
        {
            using var step = executor.Forward(inputs);
            var loss = Loss(step.Outputs);
            if (!loss.requires_grad) return [];
            var turned = TurnedOutputs.Gradients(loss, step.Outputs, TurnedOutputs.Among(step.Outputs));
            loss.backward();
            return step.Backward([.. step.Outputs.Select((o, i) => turned[i] ?? o.grad)]);
        });
        foreach (var weight in weights) weight.Dispose();
        foreach (var (key, tensor) in plain)
            if (!ours.TryGetValue(key, out var its) || !TraceComparison.SameNumbers(tensor, its))
                return $"{key} of the graph differs from the module's";
        if (ours.Keys.FirstOrDefault(k => !plain.ContainsKey(k)) is { } extra) return $"{extra} of the graph is none of the module's";
        var (wanted, given) = (Evaluate(() => ModuleCall.Run(module, inputs)), Evaluate(() => executor.Infer(inputs)));
        for (var i = 0; i < wanted.Count; i++)
            if (!TraceComparison.SameNumbers(wanted[i], given[i])) return $"output {i} of the graph differs from the module's in evaluation";
        return null;

        IReadOnlyList<Tensor> Evaluate(Func<IReadOnlyList<Tensor>> run)
        {
            memory.PutBack();
            module.eval();
            manual_seed(11);
            using var noGrad = no_grad();
            return run();
        }

        Dictionary<string, Tensor> Take(Func<IReadOnlyList<Tensor?>> step)
        {
            memory.PutBack();
            if (!module.training) module.train();
            manual_seed(11);
            var arriving = step();
            var found = new Dictionary<string, Tensor>();
            for (var i = 0; i < arriving.Count; i++)
                if (arriving[i] is { } gradient) found[$"the gradient of input {i}"] = gradient;
            for (var i = 0; i < seen.Count; i++) found[$"output {i}"] = seen[i].MoveToOuterDisposeScope();
            seen.Clear();
            foreach (var (name, parameter) in module.named_parameters())
                if (parameter.grad is { } gradient) found[$"the gradient of {name}"] = gradient.clone();
            foreach (var (name, buffer) in module.named_buffers()) found[$"the buffer {name}"] = buffer.clone();
            return found;
        }
    }
}
