using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>Whether two tensors over one storage have a number in common: parts of a tensor that was cut along a later dimension lie between one another and have none.</summary>
internal static class SharedBytes
{
    /// <summary>True where they have, and where they see the bytes as numbers of other types.</summary>
    /// <param name="one">A tensor's address.</param>
    /// <param name="other">Another's.</param>
    public static bool Any(nint one, nint other)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using Tensor a = new NativeValue(one, ValueTag.Tensor).ToTensor(), b = new NativeValue(other, ValueTag.Tensor).ToTensor();
        if (a.dtype != b.dtype) return true;
        if (a.numel() == 0 || b.numel() == 0) return false;
        var ends = (Last(a), Last(b));
        if (ends.Item1 < b.storage_offset() || ends.Item2 < a.storage_offset()) return false;
        var places = arange(Math.Max(ends.Item1, ends.Item2) + 1, ScalarType.Int64);
        var taken = zeros(places.numel(), ScalarType.Bool).index_fill_(0, Of(a), true);
        return taken.index_select(0, Of(b)).any().item<bool>();

        Tensor Of(Tensor tensor) => places.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset()).flatten();
    }

    // Where its last number lies, counted from the storage's first.
    private static long Last(Tensor tensor) => tensor.storage_offset() + tensor.shape.Zip(tensor.stride(), (size, stride) => (size - 1) * stride).Sum();
}
