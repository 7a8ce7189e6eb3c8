namespace Interactive.Training;

/// <summary>
/// Something that a run must not forget between two lives: a hook or schedule that decides by what it has seen. The
/// trainer keeps the texts of its hooks in the checkpoint's header.
/// </summary>
public interface IRunState
{
    /// <summary>Its name among those of the run, without spaces.</summary>
    string Name { get; }
    /// <summary>What to keep; small.</summary>
    IReadOnlyDictionary<string, string> Save();
    /// <summary>Takes back what <see cref="Save"/> gave.</summary>
    void Restore(IReadOnlyDictionary<string, string> saved);
}
