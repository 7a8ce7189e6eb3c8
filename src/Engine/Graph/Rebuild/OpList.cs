using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// Makes ops by their kind and attributes, with fresh parameters: how a kept net is built again. An op that is not here
/// cannot be kept.
/// </summary>
internal static class OpList
{
    /// <summary>What an op is made from.</summary>
    /// <param name="Attributes">Its attributes.</param>
    /// <param name="Inputs">What it reads.</param>
    /// <param name="Shared">The module of an earlier op that it shares, or null.</param>
    /// <param name="Device">Where parameters are made.</param>
    public readonly record struct Recipe(OpAttributes Attributes, IReadOnlyList<Value> Inputs, nn.Module? Shared,
        Device? Device)
    {
        /// <summary>The shared module, or a new one.</summary>
        public T Module<T>(Func<T> make) where T : nn.Module
            => Shared is null ? make()
            : Shared as T ?? throw new InvalidDataException($"it cannot share the weights of a {Shared.GetName()}");
        /// <summary>Dimension of the first input.</summary>
        public long In(Index index)
            => Inputs is [var first, ..] && index.GetOffset(first.Shape.Rank) is >= 0 and var at
            && at < first.Shape.Rank ? first.Shape[at]
            : throw new InvalidDataException("its input has too few dimensions");
    }

    private const string Rectified = "_relu";

    private static readonly Dictionary<string,
        Func<Recipe, Op>> Makers = LayerMakers.All.Concat(FunctionMakers.All).ToDictionary();

    /// <summary>True when ops of this kind can be made again.</summary>
    public static bool Knows(string kind) => Makers.ContainsKey(Plain(kind, out _));

    /// <summary>Makes an op.</summary>
    /// <exception cref="InvalidDataException">Kind or attributes are none of ours.</exception>
    public static Op Create(string kind, Recipe recipe)
    {
        var plain = Plain(kind, out var rectified);
        if (!Makers.TryGetValue(plain, out var make)) throw new InvalidDataException($"there is no op '{kind}'");
        var op = make(recipe);
        return rectified ? op.WithRelu() ?? throw new InvalidDataException($"there is no op '{kind}'") : op;
    }

    private static string Plain(string kind, out bool rectified)
    {
        rectified = !Makers.ContainsKey(kind) && kind.EndsWith(Rectified, StringComparison.Ordinal);
        return rectified ? kind[..^Rectified.Length] : kind;
    }
}
