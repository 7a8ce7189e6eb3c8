namespace Interactive.Collectives.Algorithms;

/// <summary>
/// One way to sum a range of a buffer over all ranks in place, with the same bits on every rank
/// (<see cref="AllReduceOptions.Own"/>).
/// </summary>
public unsafe interface IAllReduce : IDisposable
{
    /// <summary>Its name in tables, options and figures.</summary>
    string Name { get; }

    /// <summary>
    /// Sums [start, start + count) of <paramref name="buffer"/>, which has <paramref name="length"/> floats. An
    /// element's order of summation is a function of its place in the buffer and the ranks, never of the range.
    /// </summary>
    /// <param name="buffer">CPU memory, which stays put until this returns.</param>
    /// <param name="length">Floats of the whole buffer.</param>
    /// <param name="start">The first one to be summed.</param>
    /// <param name="count">How many, 0 or more.</param>
    void Run(float* buffer, long length, long start, long count);
}
