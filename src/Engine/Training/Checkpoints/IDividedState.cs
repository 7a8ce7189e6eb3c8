namespace Interactive.Training;

/// <summary>An optimiser's state of which each rank has a part.</summary>
internal interface IDividedState
{
    /// <summary>
    /// The state of all ranks, shaped like the parameters, as a run without parts would have it. Collective, and so is
    /// the reading of each.
    /// </summary>
    IReadOnlyList<TensorEntry> Whole(Optimizer optimizer);

    /// <summary>
    /// The elements of a parameter that this rank steps, a count of -1 for all of them; null where it steps none.
    /// </summary>
    (long From, long Count)? Own(string name);
}
