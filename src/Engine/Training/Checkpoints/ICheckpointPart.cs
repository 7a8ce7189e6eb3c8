namespace Interactive.Training;

/// <summary>A part of what a run must not forget: tensors and texts under a name of its own.</summary>
internal interface ICheckpointPart
{
    /// <summary>What its tensors' and texts' names begin with, before a dot.</summary>
    string Name { get; }
    /// <summary>
    /// The tensors to keep, named without the prefix. Collective, and so may be the reading of each: every rank reads
    /// all, in the order of their names.
    /// </summary>
    IEnumerable<TensorEntry> Tensors();
    /// <summary>Texts to keep.</summary>
    IReadOnlyDictionary<string, string> Texts();
    /// <summary>Takes back what was kept.</summary>
    /// <param name="tensors">The part's tensors.</param>
    /// <param name="texts">The part's texts.</param>
    /// <returns>What a user must know, in one line; or null.</returns>
    /// <exception cref="UsageException">What was kept does not fit this run.</exception>
    string? Restore(SavedTensors tensors, IReadOnlyDictionary<string, string> texts);
}
