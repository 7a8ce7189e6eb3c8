using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>An optimiser's state of which each rank has a part.</summary>
internal interface IDividedState
{
    /// <summary>
    /// The state of all ranks, shaped like the parameters, as a run without parts would have it. Collective, and so is
    /// the reading of each.
    /// </summary>
    IReadOnlyList<TensorEntry> Whole(Optimizer optimizer);

    /// <summary>
    /// The elements of a parameter that this rank steps, a count of -1 for all of them; null where it steps none.
    /// </summary>
    (long From, long Count)? Own(string name);

    /// <summary>The parameter whose state a name, <c>parameter/kind</c>, is of.</summary>
    static string ParameterOf(string key) => key[..key.LastIndexOf('/')];

    /// <summary>Whether this rank has a part of a state.</summary>
    /// <param name="key">The state's name, <c>parameter/kind</c>.</param>
    bool Has(string key) => Own(ParameterOf(key)) is not (null or { Count: 0 });

    /// <summary>What this rank has of a state; the caller owns it.</summary>
    /// <param name="key">The state's name.</param>
    /// <param name="whole">As <see cref="Whole"/> gives it.</param>
    Tensor Mine(string key, Tensor whole) => (Own(ParameterOf(key)) is (var from, var count and >= 0)
        ? whole.flatten().narrow(0, from, count).clone() : whole.clone()).DetachFromDisposeScope();

    /// <summary>Reads what this rank has of a saved tensor, which belongs to a parameter that it steps.</summary>
    /// <param name="saved">Whole tensors.</param>
    /// <param name="key">The state's name, <c>parameter/kind</c>.</param>
    Tensor Read(SavedTensors saved, string key) => Own(ParameterOf(key)) is (var from, var count and >= 0)
        ? saved.Read(key, from, count) : saved.Read(key);
}
