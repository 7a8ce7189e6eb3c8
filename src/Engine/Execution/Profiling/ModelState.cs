using Interactive.Graphs;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>Remembers a model's buffers, gradients, mode and the random generator, and puts them back when disposed.</summary>
internal sealed class ModelState : IDisposable
{
    private readonly ModuleModes modes;
    private readonly RandomState generator;
    private readonly List<(Tensor Buffer, Tensor Value)> buffers = [];
    private readonly List<(TorchSharp.Modules.Parameter Parameter, Tensor? Gradient)> gradients = [];

    public ModelState(Graph graph)
    {
        (modes, generator) = (new ModuleModes([graph]), RandomState.Of(Devices.Of(graph)));
        foreach (var (_, buffer) in graph.named_buffers()) buffers.Add((buffer, buffer.clone().DetachFromDisposeScope()));
        foreach (var parameter in graph.parameters()) gradients.Add((parameter, parameter.grad?.clone().DetachFromDisposeScope()));
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
                if (gradient is null) parameter.grad = null;
                else
                {
                    // Into the same bytes: they may lie in a pool.
                    parameter.grad!.copy_(gradient);
                    gradient.Dispose();
                }
        }
        modes.Dispose();
        generator.PutBack();
        generator.Dispose();
    }
}
