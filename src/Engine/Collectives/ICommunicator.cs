namespace Interactive.Collectives;

/// <summary>
/// The ranks of one job. Every method is collective: all ranks call the same methods in the same order with the same
/// sizes. One communicator is used by one thread at a time; a second thread takes its own by <see cref="Duplicate"/>.
/// </summary>
public interface ICommunicator : IDisposable
{
    /// <summary>This process, 0 to <see cref="Size"/> - 1.</summary>
    int Rank { get; }

    /// <summary>Number of processes.</summary>
    int Size { get; }

    /// <summary>This process among those of its host, from 0.</summary>
    int LocalRank { get; }

    /// <summary>Sums <paramref name="count"/> floats element by element over all ranks, in place. Every rank gets the same bits.</summary>
    unsafe void AllReduce(float* data, long count);

    /// <summary>
    /// Sums the range [<paramref name="start"/>, <paramref name="start"/> + <paramref name="count"/>) of a buffer of
    /// <paramref name="length"/> floats. The order in which an element is summed depends on its place in the buffer and the
    /// number of ranks only, so any division into ranges gives the same bits.
    /// </summary>
    unsafe void AllReduce(float* buffer, long length, long start, long count);

    /// <summary>Copies <paramref name="data"/> of rank <paramref name="root"/> to all ranks; the lengths are equal everywhere.</summary>
    void Broadcast(Span<byte> data, int root);

    /// <summary>Every rank's bytes, by rank; the lengths may differ.</summary>
    byte[][] AllGather(ReadOnlySpan<byte> mine);

    /// <summary>Returns when all ranks have called it.</summary>
    void Barrier();

    /// <summary>A communicator of the same ranks whose messages never mix with this one's (collective).</summary>
    ICommunicator Duplicate();

    /// <summary>Prints one line that names the rank and <paramref name="why"/>, and ends all ranks with <paramref name="exitCode"/>.</summary>
    void Abort(int exitCode, string why);
}
