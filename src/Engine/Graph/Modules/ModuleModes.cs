using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>The training or evaluation mode of each module of a tree, put back when disposed.</summary>
internal sealed class ModuleModes : IDisposable
{
    // a parent before its children, whom its mode overwrites
    private readonly List<(nn.Module Module, bool Training)> modes = [];

    /// <summary>Remembers the modes of these modules and all below them.</summary>
    public ModuleModes(IEnumerable<nn.Module> roots)
    {
        foreach (var root in roots) Add(root);
    }

    /// <summary>True when one of them trains.</summary>
    public bool AnyTrains => modes.Exists(m => m.Training);

    private void Add(nn.Module module)
    {
        modes.Add((module, module.training));
        foreach (var child in module.children()) Add(child);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (module, training) in modes)
            if (module.training != training) module.train(training);
    }
}
