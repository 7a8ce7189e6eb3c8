using static TorchSharp.torch;

namespace Interactive.Graphs.Partition;

/// <summary>
/// The ranks that have slices of layers, as the ops around these see them: they divide a batch by its rows, too, or all
/// have the same rows. Every rank calls the same in the same order.
/// </summary>
internal interface IRowExchange
{
    /// <summary>This rank.</summary>
    int Rank { get; }

    /// <summary>How many.</summary>
    int Ranks { get; }

    /// <summary>(rows, …) of each rank to (ranks x rows, …), one behind the other in the ranks' order.</summary>
    Tensor Gather(Tensor rows, string name);

    /// <summary>(ranks x rows, …) of each rank to the sum of this rank's (rows, …) over all ranks.</summary>
    Tensor Sum(Tensor all, string name);

    /// <summary>A tensor of each rank to the sum of all, the same bits on each.</summary>
    Tensor SumAll(Tensor part, string name);

    /// <summary>(ranks x rows, …): the r-th rows go to rank r, and the r-th that come are of rank r.</summary>
    Tensor Swap(Tensor all, string name);

    /// <summary>
    /// Where the random numbers begin that a rank draws for its rows in the node that is run: as without sharding. Ranks
    /// that have the same rows draw the same numbers.
    /// </summary>
    long Seed(int rank);
}

/// <summary>One rank of some that exchange nothing: for graphs that are planned and never run.</summary>
internal sealed class NoExchange(int ranks) : IRowExchange
{
    public int Rank => 0;
    public int Ranks => ranks;
    public Tensor Gather(Tensor rows, string name) => throw Refusal();
    public Tensor Sum(Tensor all, string name) => throw Refusal();
    public Tensor SumAll(Tensor part, string name) => throw Refusal();
    public Tensor Swap(Tensor all, string name) => throw Refusal();
    public long Seed(int rank) => throw Refusal();
    private static InvalidOperationException Refusal() => new("this graph is for planning");
}
