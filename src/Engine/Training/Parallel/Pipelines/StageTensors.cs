using Interactive.Graphs;
using Interactive.Layouts;
using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>Which stage of a pipeline has the true values of a parameter or buffer.</summary>
internal sealed class StageTensors
{
    private readonly Dictionary<nint, (int Stage, Node Node)> moved = [], used = []; // the first that does

    /// <summary>Looks through all nodes.</summary>
    /// <param name="fused">The graph that runs.</param>
    /// <param name="stages">Its parts, in order.</param>
    /// <param name="place">The rank's place in the pipeline that runs a stage.</param>
    public StageTensors(Graph fused, Stage[] stages, Func<int, int> place)
    {
        var nodes = stages.SelectMany((stage, s) => fused.Nodes.Skip(stage.First).Take(stage.End - stage.First).Select(node => (Stage: s, Node: node))).ToArray();
        foreach (var at in nodes)
        {
            foreach (var tensor in at.Node.Op.Moved) moved.TryAdd(tensor.Identity(), at);
            foreach (var tensor in at.Node.Op.Parameters.Concat(at.Node.Op.Buffers)) used.TryAdd(tensor.Identity(), at);
        }
        foreach (var at in nodes)
            foreach (var buffer in at.Node.Op.Buffers)
                if (moved.TryGetValue(buffer.Identity(), out var by) && place(by.Stage) != place(at.Stage)) Torn ??= (buffer.Identity(), by.Node, at.Node);
    }

    /// <summary>A buffer that one rank moves and another reads, with the nodes that do; null where there is none.</summary>
    public (nint Buffer, Node Moves, Node Reads)? Torn { get; }

    /// <summary>The stage that moves it, or the first one that uses it; null where none does.</summary>
    public int? StageOf(Tensor tensor)
        => moved.TryGetValue(tensor.Identity(), out var at) || used.TryGetValue(tensor.Identity(), out at) ? at.Stage : null;
}
