using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Adds vectors that arrive one after another in a perfect binary tree: the order of additions depends on their number
/// only. Ranks that hold equal, aligned parts of 2^k vectors and add their sums in the canonical tree get the bits of
/// one rank that holds all. At most log2 of the number of vectors are kept.
/// </summary>
internal sealed class ShardTree : IDisposable
{
    private readonly Stack<(int Count, Tensor Sum)> sums = [];

    /// <summary>Adds a copy of a vector.</summary>
    public void Add(Tensor vector)
    {
        using var noGrad = no_grad();
        var (count, sum) = (1, vector.clone().DetachFromDisposeScope());
        while (sums.TryPeek(out var left) && left.Count == count)
        {
            sums.Pop();
            left.Sum.add_(sum, Scalars.One);
            sum.Dispose();
            (count, sum) = (2 * count, left.Sum);
        }
        sums.Push((count, sum));
    }

    /// <summary>Writes the sum of a power of two of vectors into <paramref name="target"/> and starts anew.</summary>
    public void MoveTo(Tensor target)
    {
        if (sums.Count != 1)
            throw new InvalidOperationException($"{sums.Sum(s => s.Count)} vectors do not fill a tree");
        using var noGrad = no_grad();
        using var sum = sums.Pop().Sum;
        target.copy_(sum);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, sum) in sums) sum.Dispose();
        sums.Clear();
    }
}
