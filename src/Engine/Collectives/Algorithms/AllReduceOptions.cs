using Interactive.Collectives.Algorithms;

namespace Interactive.Collectives;

/// <summary>How a communicator sums.</summary>
public sealed record AllReduceOptions
{
    /// <summary>
    /// Default null: by topology and size (<see cref="AllReduceTable"/>). The environment variable INTERACTIVE_ALLREDUCE
    /// names one for the whole job.
    /// </summary>
    public AllReduceAlgorithm? Algorithm { get; init; }

    /// <summary>
    /// Sum every element in the canonical tree, so that the bits depend neither on the algorithm nor on hosts, ranges
    /// or sizes, and 1, 2, 4, … ranks with equal shares of the same terms agree. Default false.
    /// </summary>
    public bool Deterministic { get; init; }

    /// <summary>How values travel; default fp32.</summary>
    public WireFormat Wire { get; init; }

    /// <summary>
    /// With a two-byte wire format: add what rounding lost to the next values of the same elements; default true.
    /// </summary>
    public bool ErrorFeedback { get; init; } = true;

    /// <summary>
    /// Where the data of every sum lie (<c>cuda:0</c>), which are then summed there by MPI
    /// (<see cref="ICommunicator.Reaches"/>); default null: in the CPU's memory. fp32 only, in the library's order.
    /// </summary>
    public string? Device { get; init; }

    /// <summary>
    /// Makes an algorithm of one's own, for all sums, from the ends that its messages travel between; default null. The
    /// other options are then the algorithm's affair and must stay as they are.
    /// </summary>
    public Func<ITransport, IAllReduce>? Own { get; init; }

    /// <summary>Whether nothing is asked for that MPI's own sums do not give.</summary>
    internal bool LeavesOrderToMpi => Own is null && Algorithm is null && !Deterministic && Wire == WireFormat.Fp32;

    internal AllReduceOptions Validate()
    {
        if (Own is not null && this != new AllReduceOptions { Own = Own, ErrorFeedback = ErrorFeedback })
            throw new UsageException("an all-reduce of one's own takes no other option: it chooses order, wire format and device itself");
        if (Deterministic && Wire != WireFormat.Fp32)
            throw new UsageException($"deterministic sums need fp32 on the wire, not {Wire}");
        if (Deterministic && Algorithm is not null
            && Algorithm != AllReduceAlgorithm.Window && Algorithm != AllReduceAlgorithm.HalvingDoubling)
            throw new UsageException($"{Algorithm} does not follow the canonical order: deterministic sums are made by window or halving-doubling");
        if (Device is not null && !LeavesOrderToMpi) throw new UsageException($"sums on {Device} are MPI's, in fp32: neither deterministic nor by an algorithm of ours");
        return this;
    }
}
