using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Collectives;

/// <summary>
/// Collective operations on single tensors, wherever they lie: those of a GPU are copied to the CPU's memory and back.
/// </summary>
internal static class TensorCollectives
{
    /// <summary>Copies rank <paramref name="root"/>'s values to all ranks, in place.</summary>
    public static void Broadcast(this ICommunicator world, Tensor tensor, int root)
        => OnCpu(world, tensor, here => world.Broadcast(here.bytes, root));

    /// <summary>Sums an fp32 tensor over all ranks, in place.</summary>
    public static unsafe void AllReduce(this ICommunicator world, Tensor tensor, string name)
        => OnCpu(world, tensor, here =>
    {
        fixed (byte* data = here.bytes) world.AllReduce((float*)data, here.numel(), 0, here.numel(), name);
    });

    private static void OnCpu(ICommunicator world, Tensor tensor, Action<Tensor> operation)
    {
        if (world.Size == 1) return;
        using var noGrad = no_grad();
        using var bare = tensor.detach();
        using var near = bare.cpu();
        using var here = near.contiguous(); // the same bytes where they are on the CPU, one behind the other
        operation(here);
        if (bare.device_type != DeviceType.CPU || !near.is_contiguous()) bare.copy_(here);
    }
}
