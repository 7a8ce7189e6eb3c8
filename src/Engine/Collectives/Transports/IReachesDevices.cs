namespace Interactive.Collectives;

/// <summary>
/// A transport with collective operations of its own that may be handed memory of a device. They return when all is
/// done: the device may read the result at once.
/// </summary>
internal unsafe interface IReachesDevices : ITransport
{
    /// <summary>
    /// Whether memory of a device, <c>cpu</c> or <c>cuda:0</c>, may be handed over; the same on all ranks.
    /// </summary>
    bool Reaches(string device);

    /// <summary>
    /// Sums <paramref name="data"/> over all ranks and leaves rank r the r-th part, in <paramref name="part"/>.
    /// </summary>
    /// <param name="data">The floats of all parts, one part after the other; they stay as they are.</param>
    /// <param name="part">Place for this rank's part; apart from <paramref name="data"/>.</param>
    /// <param name="counts">Floats of each rank's part.</param>
    void ReduceScatter(float* data, float* part, ReadOnlySpan<int> counts);

    /// <summary>
    /// Copies every rank's <paramref name="part"/> to its place in every rank's <paramref name="data"/>.
    /// </summary>
    void AllGather(float* part, float* data, ReadOnlySpan<int> counts);
}
