using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Interactive.Collectives.Algorithms;

/// <summary>
/// The canonical order of summation: the first ranks pair up until a power of two of terms is left, which a perfect
/// binary tree adds. Every algorithm that follows it gives the same bits, and 1, 2, 4, … ranks that hold equal shares
/// of 2^k terms agree as well.
/// </summary>
internal sealed unsafe class TreeSum(int terms) : IDisposable
{
    /// <summary>Most floats of one call: a block that stays in the second-level cache.</summary>
    public const int Block = 4096;

    readonly int leaves = 1 << int.Log2(terms), levels = int.Log2(terms) + 1;
    readonly float* scratch =
        (float*)NativeMemory.AlignedAlloc((nuint)(2 * (int.Log2(terms) + 1) * Block * sizeof(float)), 4096);

    /// <summary>
    /// Adds <paramref name="count"/> floats of each source into <paramref name="sum"/>, which may be one of the
    /// sources.
    /// </summary>
    public void Add(float** sources, float* sum, long count)
    {
        var shifted = stackalloc float*[terms];
        for (long at = 0; at < count; at += Block)
        {
            for (int i = 0; i < terms; i++) shifted[i] = sources[i] + at;
            AddBlock(shifted, sum + at, (int)Math.Min(Block, count - at));
        }
    }

    public void Dispose() => NativeMemory.AlignedFree(scratch);

    void AddBlock(float** sources, float* sum, int count)
    {
        if (terms == 1)
        {
            if (sum != sources[0]) new Span<float>(sources[0], count).CopyTo(new Span<float>(sum, count));
            return;
        }
        int folded = terms - leaves;
        var left = stackalloc float*[levels];
        for (int leaf = 0; leaf < leaves; leaf++)
        {
            int level = 0;
            var node = leaf < folded ? Pair(sources[2 * leaf], sources[2 * leaf + 1], Target(0, leaf), count)
                : sources[leaf + folded];
            for (; (leaf >> level & 1) != 0; level++)
                node = Pair(left[level], node, 1 << level + 1 == leaves ? sum : Target(level + 1, leaf >> level + 1),
                    count);
            left[level] = node;
        }
        if (leaves == 1) new Span<float>(left[0], count).CopyTo(new Span<float>(sum, count));

        // A level has one place for left children and one for right ones.
        float* Target(int level, int index) => scratch + (2 * level + (index & 1)) * Block;
    }

    static float* Pair(float* a, float* b, float* sum, int count)
    {
        TensorPrimitives.Add(new ReadOnlySpan<float>(a, count), new ReadOnlySpan<float>(b, count),
            new Span<float>(sum, count));
        return sum;
    }
}
