namespace Interactive.Training;

/// <summary>What a hook or schedule wants kept.</summary>
internal sealed class RunStatePart(IRunState state) : ICheckpointPart
{
    public string Name => state.Name;

    public IEnumerable<TensorEntry> Tensors() => [];

    public IReadOnlyDictionary<string, string> Texts() => state.Save();

    /// <summary>A checkpoint of a run without it leaves it as it begins.</summary>
    public string? Restore(SavedTensors saved, IReadOnlyDictionary<string, string> texts)
    {
        if (texts.Count > 0) state.Restore(texts);
        return null;
    }
}
