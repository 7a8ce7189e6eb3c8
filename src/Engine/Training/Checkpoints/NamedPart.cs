namespace Interactive.Training;

/// <summary>A part of a checkpoint under another name, where there are several of its kind.</summary>
internal sealed class NamedPart(string name, ICheckpointPart part) : ICheckpointPart
{
    public string Name => name;
    public IEnumerable<TensorEntry> Tensors() => part.Tensors();
    public IReadOnlyDictionary<string, string> Texts() => part.Texts();
    public string? Restore(SavedTensors tensors, IReadOnlyDictionary<string, string> texts)
        => part.Restore(tensors, texts);
}
