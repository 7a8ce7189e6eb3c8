namespace Interactive.Collectives;

/// <summary>
/// The ranks of one job. Every method but <see cref="Abort"/> is collective: all ranks call the same methods in the
/// same order with the same sizes; a rank that does not is named by a <see cref="CollectiveException"/>. One
/// communicator is used by one thread at a time; a second thread takes its own by <see cref="Duplicate"/>.
/// </summary>
public interface ICommunicator : IDisposable
{
    /// <summary>This process, 0 to <see cref="Size"/> - 1.</summary>
    int Rank { get; }

    /// <summary>Number of processes.</summary>
    int Size { get; }

    /// <summary>This process among those of its host, from 0.</summary>
    int LocalRank { get; }

    /// <summary>The host of each rank.</summary>
    IReadOnlyList<string> Hosts { get; }

    /// <summary>
    /// Sums <paramref name="count"/> floats element by element over all ranks, in place. Every rank gets the same bits.
    /// </summary>
    unsafe void AllReduce(float* data, long count);

    /// <summary>
    /// Sums the range [<paramref name="start"/>, <paramref name="start"/> + <paramref name="count"/>) of a buffer of
    /// <paramref name="length"/> floats. The order in which an element is summed depends on its place in the buffer and
    /// the ranks only, so any division into ranges gives the same bits. <paramref name="name"/> appears in error
    /// messages.
    /// </summary>
    unsafe void AllReduce(float* buffer, long length, long start, long count, string name = "");

    /// <summary>
    /// Leaves the sums of rank r's <see cref="Part"/> on rank r only, in the canonical order; the other parts keep the
    /// rank's own values.
    /// </summary>
    unsafe void ReduceScatter(float* data, long count, string name = "");

    /// <summary>Copies every rank's <see cref="Part"/> to all ranks.</summary>
    unsafe void AllGather(float* data, long count, string name = "");

    /// <summary>Copies block r of equal blocks, rank r's, to all ranks, for every r.</summary>
    /// <param name="blocks">One block a rank, of which this rank's is filled in.</param>
    /// <param name="each">Floats of a block.</param>
    /// <param name="name">Appears in error messages.</param>
    unsafe void GatherBlocks(float* blocks, long each, string name = "");

    /// <summary>Leaves the sum over all ranks of block r on rank r, in the canonical order.</summary>
    /// <param name="blocks">One block for each rank; they keep their values.</param>
    /// <param name="sum">Receives this rank's block.</param>
    /// <param name="each">Floats of a block.</param>
    /// <param name="name">Appears in error messages.</param>
    unsafe void SumBlocks(float* blocks, float* sum, long each, string name = "");

    /// <summary>Sends block r to rank r, and receives a block from every rank.</summary>
    /// <param name="from">One block for each rank.</param>
    /// <param name="to">Receives one of each rank, in their order.</param>
    /// <param name="each">Floats of a block.</param>
    /// <param name="name">Appears in error messages.</param>
    unsafe void SwapBlocks(float* from, float* to, long each, string name = "");

    /// <summary>The part of <paramref name="count"/> floats that a rank owns: [low, high).</summary>
    (long Low, long High) Part(int rank, long count);

    /// <summary>
    /// Copies <paramref name="data"/> of rank <paramref name="root"/> to all ranks; the lengths are equal everywhere.
    /// </summary>
    void Broadcast(Span<byte> data, int root);

    /// <summary>Every rank's bytes, by rank; the lengths may differ.</summary>
    byte[][] AllGather(ReadOnlySpan<byte> mine);

    /// <summary>Returns when all ranks have called it.</summary>
    void Barrier();

    /// <summary>
    /// Zeroed memory for <paramref name="floats"/> floats that the ranks of a host share, so that sums over it need no
    /// copies; private memory where sharing is impossible. Lives until this communicator is disposed.
    /// </summary>
    unsafe float* Allocate(long floats);

    /// <summary>
    /// Zeroed memory for <paramref name="floats"/> floats of which there is one for all ranks, where these are on one host; null
    /// where they are not. Lives until this communicator is disposed.
    /// </summary>
    unsafe float* AllocateOne(long floats) => null;

    /// <summary>
    /// Gives memory back for the next <see cref="Allocate"/> of the same size. Not collective, but all ranks do it.
    /// </summary>
    unsafe void Release(float* memory);

    /// <summary>
    /// Whether a duplicate with <see cref="AllReduceOptions.Device"/> can sum memory of such a device where it lies:
    /// MPI says that it takes the device's pointers, the environment variable INTERACTIVE_DEVICE_DIRECT is not 0, and
    /// <paramref name="options"/> (default: this communicator's) ask for no order, algorithm or wire format that MPI
    /// does not have.
    /// </summary>
    bool Reaches(string device, AllReduceOptions? options = null);

    /// <summary>
    /// A communicator of the same ranks whose messages never mix with this one's; <paramref name="options"/> default to
    /// this one's.
    /// </summary>
    ICommunicator Duplicate(AllReduceOptions? options = null);

    /// <summary>
    /// A communicator of some of these ranks, numbered in their order. All ranks call it, each with the group that it
    /// is in.
    /// </summary>
    /// <param name="members">Ranks, ascending, this one among them.</param>
    ICommunicator Split(IReadOnlyList<int> members);

    /// <summary>Messages between single ranks, on a channel and a thread of their own. Collective.</summary>
    MessageLink Link();

    /// <summary>
    /// Prints one line that names the rank and <paramref name="why"/>, and ends all ranks with
    /// <paramref name="exitCode"/>.
    /// </summary>
    void Abort(int exitCode, string why);
}
