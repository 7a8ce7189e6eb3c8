using System.Text.Json;

namespace Interactive.Training;

/// <summary>
/// Which parameters stand still. A hook that has freed a layer in the first epoch does not do so again in the second: a
/// run that goes on from there has to train what it trained before.
/// </summary>
/// <param name="frozen">Their names.</param>
/// <param name="freeze">Holds those of these names still and no others, and prepares for it. Collective.</param>
internal sealed class TrainedPart(Func<IEnumerable<string>> frozen, Action<IReadOnlySet<string>> freeze) : ICheckpointPart
{
    private readonly string began = Names(frozen());

    public string Name => "trained";

    public IEnumerable<TensorEntry> Tensors() => [];

    public IReadOnlyDictionary<string, string> Texts() => new Dictionary<string, string>
    {
        ["began"] = began,
        ["frozen"] = Names(frozen()),
    };

    /// <summary>Where the run began with others than this one, the script has been changed, and counts.</summary>
    public string? Restore(SavedTensors tensors, IReadOnlyDictionary<string, string> texts)
    {
        if (!texts.TryGetValue("frozen", out var kept) || kept == Names(frozen())) return null;
        if (texts["began"] != began) return "the run goes on with other frozen parameters than it had";
        freeze(JsonSerializer.Deserialize<HashSet<string>>(kept)!);
        return null;
    }

    private static string Names(IEnumerable<string> names) => JsonSerializer.Serialize(names);
}
