using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>What the executor holds of one node during a step.</summary>
internal sealed class NodeState(Node node)
{
    private RandomState? generator;

    public Node Node { get; } = node;
    public Saved Saved { get; } = node.Op.Saves(node);
    /// <summary>The output is a list of pieces, where these are such as the kernels take.</summary>
    public bool StaysApart { get; } = ConcatPieces.StayApart(node);
    /// <summary>The output with its autograd graph.</summary>
    public Tensor? Root { get; set; }
    /// <summary>Of an operator with several results: each with its autograd graph, without its bytes.</summary>
    public Tensor[]? Results { get; set; }
    /// <summary>The detached inputs that graph began with.</summary>
    public Tensor[]? Leaves { get; set; }
    /// <summary>True when the parameters' gradients are done and the input's is still to come.</summary>
    public bool HasAddedGradients { get; set; }
    /// <summary>The input's gradient, where it was made together with the parameters' before its turn.</summary>
    public Tensor? InputGradient { get; set; }
    /// <summary>
    /// What the gradients of the parameters are yet to be made of: the input and the output's gradient.
    /// </summary>
    public (Tensor Input, SharedGradient Gradient)? Deferred { get; set; }
    /// <summary>The mode of the last forward: training or evaluation.</summary>
    public bool Training { get; set; }
    /// <summary>True after the first forward of the step.</summary>
    public bool HasRun { get; set; }

    /// <summary>Statistics of the first run of an op that autograd does not record (<see cref="IDirect"/>).</summary>
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

    /// <summary>All tensors that are held.</summary>
    public IEnumerable<Tensor> Alive
    {
        get
        {
            if (Root is not null) yield return Root;
            if (InputGradient is not null) yield return InputGradient;
            if (Deferred is { } deferred)
            {
                yield return deferred.Input;
                yield return deferred.Gradient.Tensor;
            }
            foreach (var leaf in Leaves ?? []) yield return leaf;
            foreach (var result in Results ?? []) yield return result;
            foreach (var tensor in Statistics ?? []) yield return tensor;
        }
    }

    /// <summary>Remembers the random generator as it is before the first run.</summary>
    public void KeepGenerator(Device device) => generator = RandomState.Of(device);

    /// <summary>Puts the generator back to where the first run began, until disposed.</summary>
    public IDisposable ReplayGenerator(Device device)
    {
        var now = RandomState.Keep(device);
        generator!.PutBack();
        return now;
    }

    /// <summary>Disposes the autograd graph with all it saved, or what stands in its place.</summary>
    public void DropGraph()
    {
        HasAddedGradients = false;
        Root?.Dispose();
        Root = null;
        foreach (var result in Results ?? []) result.Dispose();
        Results = null;
        if (Node.Op is not IReapplied) DropStatistics(); // others would let it be applied again
        if (Leaves is null) return;
        foreach (var leaf in Leaves) leaf.Dispose();
        Leaves = null;
    }

    /// <summary>Takes the input's gradient that was made before its turn.</summary>
    public Tensor? TakeInputGradient()
    {
        var made = InputGradient;
        InputGradient = null;
        return made;
    }

    /// <summary>Disposes what backward has needed.</summary>
    public void Finish()
    {
        DropGraph();
        DropStatistics();
        TakeInputGradient()?.Dispose();
    }

    /// <summary>Lets go of what the parameters' gradients are made of.</summary>
    public void DropDeferred()
    {
        Deferred?.Input.Dispose();
        Deferred?.Gradient.Release();
        Deferred = null;
    }

    /// <summary>Ready for the next step.</summary>
    public void Reset()
    {
        Finish();
        DropDeferred();
        generator?.Dispose();
        generator = null;
        HasRun = false;
    }
}
