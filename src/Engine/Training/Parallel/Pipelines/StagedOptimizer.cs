using System.Text.Json;
using Interactive.Collectives;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// An optimiser's state where each stage's rank steps the parameters of its layers: whole tensors, each on one rank.
/// </summary>
/// <param name="world">The ranks.</param>
/// <param name="ownerOf">By parameter: the rank whose state counts.</param>
/// <param name="isMine">By parameter: whether this rank steps it.</param>
internal sealed class StagedOptimizer(ICommunicator world, Func<string, int> ownerOf, Func<string, bool> isMine)
    : IDividedState
{
    private sealed record Kept(string Key, ScalarType Type, long[] Shape);

    /// <inheritdoc/>
    public IReadOnlyList<TensorEntry> Whole(Optimizer optimizer)
    {
        var mine = optimizer.State.Where(s => ownerOf(IDividedState.ParameterOf(s.Key)) == world.Rank)
            .Select(s => new Kept(s.Key, s.Value.dtype, s.Value.shape));
        return [.. world.AllGather(JsonSerializer.SerializeToUtf8Bytes(mine))
            .SelectMany(part => JsonSerializer.Deserialize<Kept[]>(part)!)
            .Select(kept => new TensorEntry(kept.Key, kept.Type, kept.Shape, () => Read(optimizer, kept)))];
    }

    private Tensor Read(Optimizer optimizer, Kept kept)
    {
        var owner = ownerOf(IDividedState.ParameterOf(kept.Key));
        var tensor = owner == world.Rank ? optimizer.State[kept.Key] : empty(kept.Shape, kept.Type);
        world.Broadcast(tensor, owner);
        return tensor;
    }

    /// <inheritdoc/>
    public (long From, long Count)? Own(string name) => isMine(name) ? (0, -1) : null;
}
