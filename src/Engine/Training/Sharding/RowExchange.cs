using Interactive.Collectives;
using Interactive.Graphs.Partition;
using Interactive.Runtime.Kernels;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>Rows that ranks exchange within a step, in CPU memory.</summary>
internal sealed unsafe class RowExchange(ICommunicator world) : IRowExchange
{
    public int Rank => world.Rank;

    public int Ranks => world.Size;

    /// <summary>By rank: where its numbers for the node begin that runs next.</summary>
    public Func<int, long> Seeds { get; set; } = _ => 0;

    public long Seed(int rank) => Seeds(rank);

    public Tensor Gather(Tensor rows, string name)
    {
        var sizes = rows.shape;
        var all = empty([sizes[0] * Ranks, .. sizes[1..]], rows.dtype);
        using var mine = all.narrow(0, Rank * sizes[0], sizes[0]);
        mine.copy_(rows);
        world.GatherBlocks(ElementKernels.Data(all), rows.numel(), name);
        return all;
    }

    public Tensor Sum(Tensor all, string name)
    {
        using var laid = all.contiguous();
        var sizes = laid.shape;
        var sum = empty([sizes[0] / Ranks, .. sizes[1..]], laid.dtype);
        world.SumBlocks(ElementKernels.Data(laid), ElementKernels.Data(sum), sum.numel(), name);
        return sum;
    }

    public Tensor SumAll(Tensor part, string name)
    {
        var sum = part.contiguous();
        if (sum.Handle == part.Handle) sum = part.clone();
        world.AllReduce(ElementKernels.Data(sum), sum.numel(), 0, sum.numel(), name);
        return sum;
    }

    public Tensor Swap(Tensor all, string name)
    {
        using var laid = all.contiguous();
        var swapped = empty_like(laid);
        world.SwapBlocks(ElementKernels.Data(laid), ElementKernels.Data(swapped), laid.numel() / Ranks, name);
        return swapped;
    }
}
