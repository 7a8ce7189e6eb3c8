using Interactive.Graphs;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Takes away a model's gradients and remembers its buffers, what its modules keep, modes and the random generator;
/// puts all back when disposed.
/// </summary>
internal sealed class ModelState : IDisposable
{
    private readonly ModuleModes modes;
    private readonly IDisposable generator;
    private readonly List<(Tensor Buffer, Tensor Value)> buffers = [];
    private readonly List<(TorchSharp.Modules.Parameter Parameter, Tensor? Gradient)> gradients = [];

    private readonly List<KeptField> kept;

    public ModelState(Graph graph)
    {
        kept = KeptTensors.Of(graph);
        (modes, generator) = (new ModuleModes([graph]), RandomState.Keep(Devices.Of(graph)));
        foreach (var (_,
            buffer) in graph.named_buffers()) buffers.Add((buffer, buffer.clone().DetachFromDisposeScope()));
        foreach (var parameter in graph.parameters().DistinctBy(p => p.Identity())) Take(parameter);
    }

    private void Take(TorchSharp.Modules.Parameter parameter)
    {
        gradients.Add((parameter, parameter.grad?.DetachFromDisposeScope()));
        parameter.grad = null;
    }

    public void Dispose()
    {
        using (no_grad())
        {
            foreach (var (buffer, value) in buffers)
            {
                buffer.copy_(value);
                value.Dispose();
            }
            foreach (var (parameter, gradient) in gradients)
            {
                parameter.grad = gradient; // the same bytes: they may lie in a pool
                gradient?.Dispose();
            }
        }
        foreach (var field in kept) field.PutBack();
        modes.Dispose();
        generator.Dispose();
    }
}
