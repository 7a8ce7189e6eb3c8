namespace Interactive.Training;

/// <summary>Which rank keeps what of an optimiser's state.</summary>
internal interface IOptimizerShares
{
    /// <summary>The state of all ranks, shaped like the parameters, as a single rank would have it. Collective, and so is the reading of each.</summary>
    IReadOnlyList<TensorEntry> Whole(Optimizer optimizer);

    /// <summary>The elements of a parameter that this rank steps, a count of -1 for all of them; null where it steps none.</summary>
    (long From, long Count)? Own(string name);
}
