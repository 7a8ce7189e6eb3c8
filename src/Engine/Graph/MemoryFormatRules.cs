using System.Collections.Frozen;
using Interactive.Graphs.Ops;

namespace Interactive.Graphs;

/// <summary>What an op does with pictures whose channels lie last.</summary>
public enum MemoryFormatRule
{
    /// <summary>Takes and gives them so: convolutions.</summary>
    Lead,
    /// <summary>Gives its output as its inputs lie; where some are contiguous, all are made so.</summary>
    Follow,
    /// <summary>Takes and gives contiguous tensors.</summary>
    Contiguous,
}

/// <summary>
/// The rule of each kind of op under <see cref="MemoryFormat.ChannelsLast"/>. What is not listed is contiguous.
/// </summary>
public static class MemoryFormatRules
{
    private static readonly (MemoryFormatRule Rule, string Kinds)[] Rules =
    [
        (MemoryFormatRule.Lead, "conv2d conv_transpose2d"),
        (MemoryFormatRule.Follow, "batch_norm relu add concat max_pool2d avg_pool2d adaptive_avg_pool2d upsample cast"),
    ];

    private static readonly FrozenDictionary<string, MemoryFormatRule> ByKind = Rules
        .SelectMany(r => r.Kinds.Split(' ').Select(kind => (kind, r.Rule))).ToFrozenDictionary(p => p.kind, p => p.Rule);

    /// <summary>Each kind of op that does not ask for contiguous inputs, in the table's order.</summary>
    public static IEnumerable<(string Kind, MemoryFormatRule Rule)> All
        => Rules.SelectMany(r => r.Kinds.Split(' ').Select(kind => (kind, r.Rule)));

    /// <summary>The rule of an op.</summary>
    public static MemoryFormatRule Of(Op op)
        => op is AtenOp or Opaque ? MemoryFormatRule.Contiguous
        : ByKind.GetValueOrDefault(PrecisionRules.KindOf(op), MemoryFormatRule.Contiguous);

    /// <summary>
    /// How an op's output lies, given its inputs. A single position lies in both ways, but libtorch tells them apart by
    /// the strides and chooses its kernels by them.
    /// </summary>
    internal static MemoryFormat Output(Op op, IReadOnlyList<Value> inputs, Shape output)
        => op is Lay lay ? lay.Format
        : output.Rank == 3 && Of(op) is MemoryFormatRule.Lead or MemoryFormatRule.Follow
        && inputs.All(v => v.Format == MemoryFormat.ChannelsLast) ? MemoryFormat.ChannelsLast
        : MemoryFormat.Contiguous;

    /// <summary>True where laying anew changes something: more than one channel and more than one position.</summary>
    internal static bool IsPicture(Shape shape) => shape.Rank == 3 && shape[0] > 1 && shape[1] * shape[2] > 1;
}
