namespace Interactive.Training;

/// <summary>
/// What the micro-batches of a step weigh: the loss of a batch is the mean over its terms, wherever they are. Where all
/// weigh the same, every factor is exactly 1.
/// </summary>
/// <param name="Mine">Terms of each of this rank's micro-batches.</param>
/// <param name="Total">Terms of the whole batch, over all ranks.</param>
/// <param name="Count">Micro-batches of the whole batch, over all ranks.</param>
public readonly record struct StepWeights(IReadOnlyList<double> Mine, double Total, int Count)
{
    /// <summary>
    /// What a micro-batch's mean loss counts, relative to an equal share of the batch; 0 where none of its labels
    /// counts.
    /// </summary>
    public double Factor(int microBatch) => Mine[microBatch] == 0 ? 0 : Mine[microBatch] * Count / Total;
}
