using Interactive.Collectives;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Carries an optimiser's state from one division among ranks to the next: what is trained has changed, and other parts
/// are a rank's own from now on.
/// </summary>
internal static class MovedState
{
    /// <summary>Prepares a strategy anew; every rank has whole weights before, and its parts of the state after. Collective.</summary>
    /// <param name="world">The ranks.</param>
    /// <param name="strategy">Has been set up.</param>
    /// <param name="optimizer">Whose state moves.</param>
    /// <param name="device">Where the parameters are.</param>
    /// <param name="prepare">Sets the strategy up.</param>
    public static void Over(ICommunicator world, IParallelStrategy strategy, Optimizer optimizer, Device device, Action prepare)
    {
        strategy.Gather(); // a layer may be another rank's in a moment
        using var scope = NewDisposeScope();
        var late = OptimizerPart.LateOfAll(world, optimizer);
        var whole = (strategy as IDividesOptimizer)?.Shards?.Whole(optimizer).ToDictionary(e => e.Name, e => e.Read().clone());
        prepare();
        if (whole is null || ((IDividesOptimizer)strategy).Shards is not { } mine) return;
        optimizer.Restore([.. whole.Keys.Where(mine.Steps)], key => mine.Mine(key, whole[key]), optimizer.Steps, late, device);
    }
}
