namespace Interactive.Training;

/// <summary>What a hook or schedule wants kept.</summary>
internal sealed class RunStatePart : ICheckpointPart
{
    private readonly IRunState state;

    private RunStatePart(string name, IRunState state) => (Name, this.state) = (name, state);

    public string Name { get; }

    /// <summary>Those of a run. Two of one name, such as two patiences with one metric, are numbered in their order.</summary>
    public static IEnumerable<RunStatePart> Of(IEnumerable<IRunState> states)
        => states.GroupBy(state => state.Name)
            .SelectMany(same => same.Select((state, i) => new RunStatePart(i == 0 ? same.Key : $"{same.Key}-{i + 1}", state)));

    public IEnumerable<TensorEntry> Tensors() => [];

    public IReadOnlyDictionary<string, string> Texts() => state.Save();

    /// <summary>A checkpoint of a run without it leaves it as it begins.</summary>
    public string? Restore(SavedTensors saved, IReadOnlyDictionary<string, string> texts)
    {
        if (texts.Count > 0) state.Restore(texts);
        return null;
    }
}
