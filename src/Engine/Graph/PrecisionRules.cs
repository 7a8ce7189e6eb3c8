using System.Collections.Frozen;
using Interactive.Graphs.Ops;

namespace Interactive.Graphs;

/// <summary>In which element type an op runs under mixed precision.</summary>
public enum PrecisionRule
{
    /// <summary>In the type of products: fp32 inputs and weights are rounded first.</summary>
    Low,
    /// <summary>In the type of its inputs; where some are fp32, all are made so.</summary>
    Follow,
    /// <summary>In fp32.</summary>
    Full,
}

/// <summary>
/// The rule of each kind of op, as in PyTorch's autocast: products low, exponentials and sums of many numbers full, the
/// rest as it comes. What is not listed is full: recurrent nets, ops with a parameter added or multiplied, operators of
/// a trace, modules that nobody sees into.
/// </summary>
public static class PrecisionRules
{
    private static readonly (PrecisionRule Rule, string Kinds)[] Rules =
    [
        (PrecisionRule.Low, "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d linear tied_linear matmul attention scaled_dot_product_attention"),
        // Statistics of norms are fp32 in either case: libtorch's kernels keep them so.
        (PrecisionRule.Follow, "batch_norm batch_norm_nd relu relu6 leaky_relu elu gelu silu hardswish hardsigmoid sigmoid tanh dropout abs clamp sqrt sin cos"),
        (PrecisionRule.Follow, "max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool2d upsample interpolate pixel_shuffle pad"),
        (PrecisionRule.Follow, "add broadcast_add mul div where masked_fill equal_to not_equal_to add_scalar mul_scalar div_scalar concat concat_along"),
        (PrecisionRule.Follow, "flatten reshape permute narrow select to_tokens select_token"),
        (PrecisionRule.Full,
            "layer_norm rms_norm group_norm instance_norm softmax log_softmax softplus exp log pow rsqrt sum mean"),
        (PrecisionRule.Full, "embedding positional_embedding class_token add_parameter mul_parameter lstm gru"),
    ];

    private static readonly FrozenDictionary<string,
        PrecisionRule> ByKind = Rules.SelectMany(r => r.Kinds.Split(' ').Select(kind => (kind, r.Rule)))
        .ToFrozenDictionary(p => p.kind, p => p.Rule);

    /// <summary>Each kind of op that has a rule of its own, in the table's order.</summary>
    public static IEnumerable<(string Kind, PrecisionRule Rule)> All
        => Rules.SelectMany(r => r.Kinds.Split(' ').Select(kind => (kind, r.Rule)));

    /// <summary>The rule of an op.</summary>
    public static PrecisionRule Of(Op op)
        => op is AtenOp or Opaque ? PrecisionRule.Full : ByKind.GetValueOrDefault(KindOf(op), PrecisionRule.Full);

    /// <summary>Its kind, apart from a rectifier that was joined to it.</summary>
    internal static string KindOf(Op op)
        => op.Rectifies && op.Kind.EndsWith("_relu", StringComparison.Ordinal) ? op.Kind[..^"_relu".Length] : op.Kind;
}
