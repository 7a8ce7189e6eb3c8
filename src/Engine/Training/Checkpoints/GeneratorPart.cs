using System.Globalization;
using Interactive.Collectives;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// The random generators of all ranks. With another number of ranks than before, new ones keep the generator of their
/// seed.
/// </summary>
internal sealed class GeneratorPart(ICommunicator world, Device device) : ICheckpointPart
{
    public string Name => "rng";

    public IEnumerable<TensorEntry> Tensors()
    {
        using var random = RandomState.Of(device);
        return [.. world.AllGather(random.ToBytes())
            .Select((state, rank)
            => new TensorEntry(rank.ToString(CultureInfo.InvariantCulture), ScalarType.Byte, [state.Length],
            () => tensor(state)))];
    }

    public IReadOnlyDictionary<string, string> Texts() => new Dictionary<string, string>();

    public string? Restore(SavedTensors saved, IReadOnlyDictionary<string, string> texts)
    {
        var mine = world.Rank.ToString(CultureInfo.InvariantCulture);
        if (!saved.Names.Contains(mine)) return null;
        using var state = saved.Read(mine);
        RandomState.PutBack(state.bytes, device);
        return null;
    }
}
