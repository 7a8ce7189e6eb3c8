namespace Interactive.Data;

/// <summary>
/// Which samples a rank sees, as a pure function of (seed, epoch, world size, rank). Global batch k of an epoch is the
/// same set of samples for any number of ranks that divides it; each rank takes a contiguous part. The last samples
/// that do not fill a global batch are left out; another epoch's order brings them in.
/// </summary>
/// <param name="Samples">Size of the data set.</param>
/// <param name="GlobalBatch">Samples per step over all ranks.</param>
/// <param name="Seed">Seed of the order.</param>
public sealed record Sampler(int Samples, int GlobalBatch, ulong Seed)
{
    /// <summary>Steps in one epoch.</summary>
    public int StepsPerEpoch => Samples / GlobalBatch;

    /// <summary>The order of a whole epoch.</summary>
    public int[] Order(int epoch) => new CounterRandom(Seed, (ulong)epoch).Permutation(Samples);

    /// <summary>The same in the order that a source wants, where it wants one.</summary>
    /// <exception cref="UsageException">The source's order lacks samples, or names one that is not there.</exception>
    internal int[] Order(IBatchSource source, int epoch)
    {
        if (source.Order(epoch, GlobalBatch, Seed) is not { } order) return Order(epoch);
        if (order.Length < StepsPerEpoch * GlobalBatch)
            throw new UsageException($"the data's order of an epoch has {order.Length} samples, {StepsPerEpoch} steps of {GlobalBatch} need {StepsPerEpoch * GlobalBatch}");
        foreach (var sample in order)
            if ((uint)sample >= (uint)Samples) throw new UsageException($"the data's order of an epoch names sample {sample}, there are {Samples}");
        return order;
    }

    /// <summary>A rank's part of one global batch.</summary>
    /// <exception cref="UsageException">The ranks do not divide the global batch.</exception>
    public static ArraySegment<int> Part(int[] order, int globalBatch, int step, int rank, int ranks)
    {
        if (globalBatch % ranks != 0)
            throw new UsageException($"a global batch of {globalBatch} does not divide among {ranks} ranks: choose a multiple of {ranks}");
        var each = globalBatch / ranks;
        return new ArraySegment<int>(order, step * globalBatch + rank * each, each);
    }
}
