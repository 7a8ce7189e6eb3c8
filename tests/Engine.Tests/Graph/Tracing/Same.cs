using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Graphs.Tracing;

internal static class Same
{
    /// <summary>
    /// Loss, gradients and buffers of a step have the bits of the module's own forward and backward; inference those of
    /// its evaluation.
    /// </summary>
    public static void AsTheModule(nn.Module net, Graph graph, Tensor x, Schedule schedule)
    {
        var start = net.state_dict().ToDictionary(e => e.Key, e => e.Value.clone());
        net.train();
        Tensor Call(Tensor input) => ((nn.IModule<Tensor, Tensor>)net).call(input);
        var target = tensor(0f);
        static Tensor Loss(Tensor y, Tensor _) => (y * y.sin()).mean();
        var plain = Take(() =>
        {
            var loss = Loss(Call(x), target);
            loss.backward();
            return loss.to_type(ScalarType.Float64).item<double>();
        });
        using var executor = new Executor(graph, schedule, Loss);
        var ours = Take(() => executor.Step(x, target));
        Assert.Equal(plain.Keys.Order(), ours.Keys.Order());
        var differing =
            plain.Where(p => !p.Value.contiguous().bytes.SequenceEqual(ours[p.Key].contiguous().bytes))
            .Select(p => p.Key).ToArray();
        Assert.True(differing.Length == 0, $"{schedule.Planner}: {string.Join(", ", differing)} differ");

        net.eval();
        using var noGrad = no_grad();
        manual_seed(9);
        var wanted = Call(x).contiguous();
        manual_seed(9);
        Assert.True(wanted.bytes.SequenceEqual(executor.Infer(x).contiguous().bytes), "evaluation differs");
        net.train();

        Dictionary<string, Tensor> Take(Func<double> step)
        {
            using (no_grad())
                foreach (var (key, value) in net.state_dict()) value.copy_(start[key]);
            foreach (var parameter in net.parameters()) parameter.grad = null;
            manual_seed(7);
            var found = new Dictionary<string, Tensor> { ["loss"] = tensor(step()) };
            foreach (var (key, parameter) in net.named_parameters())
                if (parameter.grad is { } gradient) found[key] = gradient.clone();
            foreach (var (key, buffer) in net.named_buffers()) found["buffer " + key] = buffer.clone();
            return found;
        }
    }
}
