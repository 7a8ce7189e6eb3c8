namespace Interactive.Training;

/// <summary>A strategy under which each rank has its part of the optimiser's state.</summary>
internal interface IDividesOptimizer
{
    /// <summary>Who has what, or null where every rank has all.</summary>
    IDividedState? Shards { get; }
}
