using Interactive.Collectives;
using Interactive.Graphs.Partition;
using Interactive.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Parameters of which a rank has a slice while it trains, and the whole for evaluations and checkpoints. One of the
/// two has bytes at a time, but for the parameter that is changing; so has an optimiser's state, which stays in slices.
/// </summary>
/// <param name="ranks">Who has the other slices.</param>
/// <param name="slices">The slices.</param>
/// <param name="nameOf">The parameters' names in the model.</param>
internal sealed class SlicedParameters(IRowExchange ranks, IReadOnlyList<ParameterSlice> slices,
    Func<Parameter, string> nameOf) : IDividedState
{
    private readonly Dictionary<string, ParameterSlice> named = slices.ToDictionary(s => nameOf(s.Whole));
    private bool isWhole = true;

    /// <summary>The parameters' names.</summary>
    public IEnumerable<string> Names => named.Keys;

    /// <summary>Whether ranks have slices of a parameter, by its name.</summary>
    public bool Divide(string name) => named.ContainsKey(name);

    /// <summary>Cuts this rank's slices where the parameters are whole.</summary>
    public void Slice()
    {
        if (!isWhole) return;
        using var noGrad = no_grad();
        foreach (var slice in slices) Move(slice.Whole, slice.Mine, Cut(slice.Whole, slice));
        isWhole = false;
    }

    /// <summary>Makes the parameters whole where they are not. Collective.</summary>
    public void Gather()
    {
        if (isWhole) return;
        using var noGrad = no_grad();
        foreach (var slice in slices) Move(slice.Mine, slice.Whole, Joined(slice.Mine, slice));
        isWhole = true;
    }

    private static void Move(Parameter from, Parameter to, Tensor bytes)
    {
        using (bytes) Aten.SetData(to, bytes);
        using var blank = ParameterSlice.Blank(from, from.shape);
        Aten.SetData(from, blank);
    }

    private Tensor Cut(Tensor whole, ParameterSlice slice) => slice.Cut(whole, ranks.Rank, ranks.Ranks);

    private Tensor Joined(Tensor mine, ParameterSlice slice)
    {
        using var bare = mine.detach();
        return slice.Joined(ranks.Gather(bare, nameOf(slice.Whole)), ranks.Ranks);
    }

    /// <inheritdoc/>
    public IReadOnlyList<TensorEntry> Whole(Optimizer optimizer)
        => [.. optimizer.State.Select(s => named.TryGetValue(IDividedState.ParameterOf(s.Key), out var slice)
            ? new TensorEntry(s.Key, s.Value.dtype, slice.Whole.shape, () => Joined(s.Value.view(slice.Mine.shape), slice))
            : TensorEntry.Of(s.Key, s.Value))];

    /// <inheritdoc/>
    public Tensor Read(SavedTensors saved, string key)
    {
        var whole = saved.Read(key);
        if (!named.ContainsKey(IDividedState.ParameterOf(key))) return whole;
        using (whole) return Mine(key, whole);
    }

    /// <summary>What this rank has of an optimiser's state; the caller owns it.</summary>
    public Tensor Mine(string key, Tensor whole)
        => (named.TryGetValue(IDividedState.ParameterOf(key), out var slice) ? Cut(whole, slice) : whole.clone()).DetachFromDisposeScope();

    (long From, long Count)? IDividedState.Own(string name) => (0, -1);
}
