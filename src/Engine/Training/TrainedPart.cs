using System.Text.Json;

namespace Interactive.Training;

/// <summary>
/// Which parameters stand still. A hook that has freed a layer in the first epoch does not do so again in the second: a
/// run that goes on from there has to train what it trained before.
/// </summary>
/// <param name="trainable">The parameters.</param>
/// <param name="renew">Prepares for training others than before. Collective.</param>
internal sealed class TrainedPart(Trainable trainable, Action renew) : ICheckpointPart
{
    private readonly string began = Names(trainable.Frozen);

    public string Name => "trained";

    public IEnumerable<TensorEntry> Tensors() => [];

    public IReadOnlyDictionary<string, string> Texts() => new Dictionary<string, string>
    {
        ["began"] = began,
        ["frozen"] = Names(trainable.Frozen),
    };

    /// <summary>Where the run began with others than this one, the script has been changed, and counts.</summary>
    public string? Restore(SavedTensors tensors, IReadOnlyDictionary<string, string> texts)
    {
        if (!texts.TryGetValue("frozen", out var frozen) || frozen == Names(trainable.Frozen)) return null;
        if (texts["began"] != began) return "the run goes on with other frozen parameters than it had";
        trainable.Freeze(JsonSerializer.Deserialize<HashSet<string>>(frozen)!);
        renew();
        return null;
    }

    private static string Names(IEnumerable<string> names) => JsonSerializer.Serialize(names);
}
