namespace Interactive.Collectives;

/// <summary>A transport whose ends on one host can share memory.</summary>
internal interface ISharesMemory
{
    /// <summary>
    /// Allocates a window of <paramref name="bytes"/> per rank (collective over all ranks of the transport).
    /// </summary>
    /// <param name="group">The ranks of this rank's host, ascending.</param>
    /// <param name="bytes">Of this rank's part.</param>
    /// <param name="all">Of all parts of the host together; 0: the parts are alike.</param>
    SharedWindow Share(IReadOnlyList<int> group, long bytes, long all = 0);
}
