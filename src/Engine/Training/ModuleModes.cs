using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>Evaluation mode for a while: afterwards each module is in the mode in which it was.</summary>
internal sealed class ModuleModes : IDisposable
{
    private readonly (nn.Module Module, bool Training)[] before;

    /// <summary>Puts a graph into evaluation mode until disposed.</summary>
    public ModuleModes(Graph graph)
    {
        before = [.. graph.modules().Prepend(graph).Select(module => (module, module.training))];
        graph.eval();
    }

    public void Dispose()
    {
        foreach (var (module, training) in before) // parents come first: their mode goes down to children, which then get their own
            if (module.training != training) module.train(training);
    }
}
