using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>
/// Refuses functions that write into samples which are kept, as those of a list are: the next epoch would find what the last one
/// has left, in an order that depends on the threads. The first samples are looked at.
/// </summary>
/// <param name="source">The samples.</param>
/// <param name="isRandom">The function draws. One that does not may write the same once more (<c>Array.Sort</c>).</param>
internal sealed class KeptSamples<T>(IDataset<T> source, bool isRandom)
{
    private const int Most = 64;
    private int looked;

    /// <summary>What the function makes of a sample.</summary>
    /// <exception cref="UsageException">It has written into one that is kept.</exception>
    public TResult Change<TResult>(int index, Pass pass, Func<T, TResult> change)
    {
        var sample = source.Get(index, pass);
        if (Volatile.Read(ref looked) >= Most) return change(sample);
        Interlocked.Increment(ref looked);
        var before = Digest(sample);
        var made = change(sample);
        if (before is null || Digest(sample) is not { } after || after == before) return made;
        var again = source.Get(index, pass);
        if (Digest(again) != after) return made; // a fresh one may be written over
        if (!isRandom)
        {
            change(again);
            if (Digest(again) == after) return made;
        }
        throw new UsageException("the function of Map or Augment writes into its sample, which the data set keeps, so each epoch would change it once more: let it change a copy (numbers.ToArray(), tensor.clone())");
    }

    // Null for what cannot be looked into.
    private static int? Digest(object? sample)
    {
        var hash = new HashCode();
        return Add(ref hash, sample) ? hash.ToHashCode() : null;
    }

    private static bool Add(ref HashCode hash, object? part)
    {
        switch (part)
        {
            case Array array when array.GetType().GetElementType() is { IsPrimitive: true }:
                hash.AddBytes(MemoryMarshal.CreateReadOnlySpan(ref MemoryMarshal.GetArrayDataReference(array), Buffer.ByteLength(array)));
                return true;
            case Array { Rank: 1 } array:
                var seen = false;
                foreach (var each in array) seen |= Add(ref hash, each);
                return seen;
            case ITuple tuple:
                var any = false;
                for (var i = 0; i < tuple.Length; i++) any |= Add(ref hash, tuple[i]);
                return any;
            case Tensor { IsInvalid: false } tensor:
                using (var onCpu = tensor.cpu())
                using (var flat = onCpu.contiguous())
                    hash.AddBytes(flat.bytes);
                return true;
            default: return false;
        }
    }
}
