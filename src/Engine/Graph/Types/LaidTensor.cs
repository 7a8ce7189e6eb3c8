using Interactive.Runtime.Kernels;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>Tensors in a memory format.</summary>
internal static class LaidTensor
{
    /// <summary>True when a tensor lies so, without gaps; both are true where formats do not differ.</summary>
    public static bool Lies(Tensor tensor, MemoryFormat format)
        => format == MemoryFormat.Contiguous ? tensor.is_contiguous() : ChannelsLast.Has(tensor);

    /// <summary>The numbers of a tensor that does not lie so, laid so; the caller disposes it.</summary>
    public static Tensor Of(Tensor tensor, MemoryFormat format)
        => format == MemoryFormat.Contiguous ? tensor.contiguous() : ChannelsLast.Of(tensor);

    /// <summary>
    /// What a function makes of a contiguous shape, of which nobody reads more than the order of the numbers: for a value of
    /// (batch, channels, height, width) of that shape in a format.
    /// </summary>
    public static Tensor Made(long[] shape, MemoryFormat format, Func<long[], Tensor> make)
    {
        if (format == MemoryFormat.Contiguous) return make(shape);
        using var dense = make([shape[0], shape[2], shape[3], shape[1]]);
        return dense.permute(0, 3, 1, 2);
    }
}
