using Interactive.Collectives;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>A strategy under which each rank has a part of the optimiser's state.</summary>
internal interface IDividesOptimizer
{
    /// <summary>How it is divided; null where each rank has all.</summary>
    IDividedState? Shards { get; }

    /// <summary>
    /// Sets a strategy up anew because what is trained has changed, and other parts are a rank's own from then on: every
    /// rank has whole weights before, and its parts of the optimiser's state after. Collective.
    /// </summary>
    /// <param name="world">The ranks.</param>
    /// <param name="strategy">Has been set up.</param>
    /// <param name="optimizer">Whose state moves.</param>
    /// <param name="device">Where the parameters are.</param>
    /// <param name="setup">Sets the strategy up.</param>
    static void SetUpAnew(ICommunicator world, IParallelStrategy strategy, Optimizer optimizer, Device device, Action setup)
    {
        strategy.Gather();
        var late = OptimizerPart.LateOfAll(world, optimizer);
        var whole = new Dictionary<string, Tensor>();
        using (NewDisposeScope()) // not around what is set up, which stays
            foreach (var entry in (strategy as IDividesOptimizer)?.Shards?.Whole(optimizer) ?? [])
                whole[entry.Name] = entry.Read().clone().DetachFromDisposeScope();
        setup();
        if (strategy is not IDividesOptimizer { Shards: { } mine }) return;
        optimizer.Restore([.. whole.Keys.Where(mine.Has)], key => mine.Mine(key, whole[key]), optimizer.Steps, late, device);
        foreach (var tensor in whole.Values) tensor.Dispose();
    }
}
