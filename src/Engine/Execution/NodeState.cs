using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>What the executor holds of one node during a step.</summary>
internal sealed class NodeState(Node node)
{
    private Tensor? generator;

    public Node Node { get; } = node;
    public Saved Saved { get; } = node.Op.Saves(node);
    /// <summary>The output with its autograd graph.</summary>
    public Tensor? Root { get; set; }
    /// <summary>The detached inputs that graph began with.</summary>
    public Tensor[]? Leaves { get; set; }
    /// <summary>What an op that runs backward by itself keeps; there is no graph then.</summary>
    public Tensor[]? Kept { get; set; }
    /// <summary>True when the parameters' gradients are done and the input's is still to come.</summary>
    public bool HasAddedGradients { get; set; }
    /// <summary>True after the first forward of the step.</summary>
    public bool HasRun { get; set; }

    /// <summary>Statistics of the first run, with which the op can be applied again.</summary>
    public Tensor[]? Statistics { get; private set; }

    /// <summary>Keeps the first run's statistics.</summary>
    public void KeepStatistics(Tensor[] statistics)
    {
        DropStatistics();
        Statistics = statistics;
    }

    /// <summary>Disposes the statistics.</summary>
    public void DropStatistics()
    {
        foreach (var tensor in Statistics ?? []) tensor.Dispose();
        Statistics = null;
    }

    /// <summary>Remembers the random generator as it is before the first run.</summary>
    public void KeepGenerator() => generator = get_rng_state();

    /// <summary>Puts the generator back to where the first run began, until disposed.</summary>
    public IDisposable ReplayGenerator()
    {
        var now = get_rng_state();
        set_rng_state(generator!);
        return new Restore(now);
    }

    private sealed class Restore(Tensor state) : IDisposable
    {
        public void Dispose()
        {
            set_rng_state(state);
            state.Dispose();
        }
    }

    /// <summary>Disposes the autograd graph with all it saved, or what stands in its place.</summary>
    public void DropGraph()
    {
        HasAddedGradients = false;
        Root?.Dispose();
        Root = null;
        foreach (var tensor in Kept ?? []) tensor.Dispose();
        Kept = null;
        if (Leaves is null) return;
        foreach (var leaf in Leaves) leaf.Dispose();
        Leaves = null;
    }

    /// <summary>Ready for the next step.</summary>
    public void Reset()
    {
        DropGraph();
        DropStatistics();
        generator?.Dispose();
        generator = null;
        HasRun = false;
    }
}
