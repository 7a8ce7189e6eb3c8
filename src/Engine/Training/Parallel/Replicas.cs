using Interactive.Collectives;
using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>The same model on every rank: rank 0's.</summary>
internal sealed class Replicas(ICommunicator world, Graph graph)
{
    /// <summary>Gives all ranks rank 0's parameters and buffers. Collective.</summary>
    public void BroadcastModel() => Broadcast(graph.state_dict().Values);

    /// <summary>
    /// Running statistics differ between ranks, which see different samples; rank 0's are the model's. Collective.
    /// </summary>
    public void BroadcastBuffers() => Broadcast(graph.named_buffers().Select(named => named.buffer));

    private void Broadcast(IEnumerable<Tensor> tensors)
    {
        foreach (var tensor in tensors) world.Broadcast(tensor, 0);
    }
}
