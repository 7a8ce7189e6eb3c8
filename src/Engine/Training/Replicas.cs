using Interactive.Collectives;
using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>The same model on every rank: rank 0's.</summary>
internal sealed class Replicas(ICommunicator world, Graph graph)
{
    /// <summary>Gives all ranks rank 0's parameters and buffers. Collective.</summary>
    public void BroadcastModel() => Broadcast(graph.state_dict().Values);

    /// <summary>Running statistics differ between ranks, which see different samples; rank 0's are the model's. Collective.</summary>
    public void BroadcastBuffers() => Broadcast(graph.named_buffers().Select(named => named.buffer));

    private void Broadcast(IEnumerable<Tensor> tensors)
    {
        if (world.Size == 1) return;
        foreach (var tensor in tensors)
        {
            using var bare = tensor.detach();
            using var here = bare.cpu(); // the same bytes where they are on the CPU
            world.Broadcast(here.bytes, 0);
            if (tensor.device_type == DeviceType.CPU) continue;
            using var noGrad = no_grad();
            bare.copy_(here);
        }
    }
}
