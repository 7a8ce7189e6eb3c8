namespace Interactive.Layouts;

/// <summary>
/// In which order each rank of a pipeline works: a pure function of the rank and of two numbers. Every order runs the
/// micro-batches of a stage in ascending order, forward and backward, so that gradients are added as on one rank.
/// </summary>
public interface IPipelineOrder
{
    /// <summary>As <c>--layout order=NAME</c> takes it.</summary>
    string Name { get; }

    /// <summary>Stages that each rank has.</summary>
    int Chunks => 1;

    /// <summary>Whether backward runs in two parts.</summary>
    bool IsSplit => false;

    /// <summary>The stage that is a rank's chunk; stages are numbered from the input on.</summary>
    int Stage(int rank, int chunk, int ranks) => chunk * ranks + rank;

    /// <summary>
    /// How many further actions may run while a message is on its way; then its rank waits until it has left.
    /// </summary>
    int SendsAhead(int ranks) => 1;

    /// <summary>
    /// Why this order cannot run so many micro-batches over so many ranks, in words that say what works; else null.
    /// </summary>
    string? Misfit(int ranks, int micros) => null;

    /// <summary>What a rank does, in order.</summary>
    /// <param name="rank">From 0, the one with the first stage.</param>
    /// <param name="ranks">Of the pipeline.</param>
    /// <param name="micros">Micro-batches of a step.</param>
    IReadOnlyList<PipelineAction> Actions(int rank, int ranks, int micros);
}
