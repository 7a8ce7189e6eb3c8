using Interactive.Collectives;
using Interactive.Data;

namespace Interactive.Training;

/// <summary>
/// How the ranks share a step's work: into how many micro-batches a batch is cut, how gradients are put together, and who steps
/// which parameters. A trainer sets it up, and again when other parameters become trainable; then every step is
/// <see cref="Backward"/> and <see cref="Update"/>. Checkpoints keep the optimiser's state as rank 0 has it.
/// </summary>
public interface IParallelStrategy : IDisposable
{
    /// <summary>Micro-batches in which a batch is worked off, over all ranks.</summary>
    /// <exception cref="UsageException">So many ranks cannot share such a batch.</exception>
    int MicroBatches(int batchSize, int ranks);

    /// <summary>Which part of every batch this rank reads; by default each rank has a part of its own.</summary>
    BatchShare Share(ICommunicator world) => new(world.Rank, world.Size, Counts: true);

    /// <summary>Gives every rank the model as it is now, where ranks step parts of it: before evaluations and checkpoints. Collective.</summary>
    void Gather() { }

    /// <summary>Whether all ranks have the same work in a step, so that one that takes longer is slow.</summary>
    bool RanksAreAlike => true;

    /// <summary>What a run says before its first step, in lines; null for nothing.</summary>
    string? Description => null;

    /// <summary>What a run says after its last step; null for nothing. Collective.</summary>
    string? Conclude() => null;

    /// <summary>Makes what steps need; what was there before goes. Collective.</summary>
    void Setup(StrategyContext context);

    /// <summary>Computes the gradient of the whole batch, which is on its way to where it is needed afterwards. Collective.</summary>
    /// <param name="batches">This rank's micro-batches, not yet on the device; they stay the caller's.</param>
    /// <param name="weights">What each of them weighs in the whole batch.</param>
    /// <param name="step">Number of the step, 0 for the first.</param>
    /// <returns>The loss of the whole batch, the same on every rank.</returns>
    double Backward(IReadOnlyList<Batch> batches, StepWeights weights, long step);

    /// <summary>Steps every parameter once the gradient has landed; afterwards all ranks hold the same parameters. Collective.</summary>
    /// <param name="learningRate">Of this step.</param>
    /// <param name="largestNorm">Gradients of a larger norm are scaled down to it; null to leave them alone unmeasured.</param>
    /// <returns>The norm of all gradients before, or null where it was not asked for.</returns>
    double? Update(double learningRate, double? largestNorm);
}
