using System.Collections.Frozen;

namespace Interactive.Graphs.Ops;

/// <summary>What is known of libtorch's operators besides how to run them, by name: one line each.</summary>
internal static class AtenTraits
{
    // What autograd keeps for backward of inputs that are contiguous; those not listed are taken to keep all they read
    // and their result.
    private static readonly FrozenSet<string> KeepNothing = Names("add sub rsub neg cat concat stack sum mean clone contiguous roll flip repeat tril triu cumsum to _to_copy pixel_shuffle pixel_unshuffle pad constant_pad_nd upsample_nearest2d upsample_bilinear2d upsample_nearest1d");
    private static readonly FrozenSet<string> KeepFirst = Names("silu hardswish mish softplus gelu square pow abs log clamp hardtanh relu6 hardsigmoid elu leaky_relu group_norm layer_norm batch_norm conv2d conv3d conv_transpose2d");
    private static readonly FrozenSet<string> KeepBoth = Names("mul div bmm");
    private static readonly FrozenSet<string> KeepSecond = Names("masked_fill");
    private static readonly FrozenSet<string> KeepResult =
        Names("sigmoid tanh exp sqrt rsqrt reciprocal relu softmax log_softmax");

    private static readonly FrozenSet<string> Reshapes =
        Names("view reshape flatten unflatten squeeze unsqueeze _unsafe_view alias view_as reshape_as");
    // each its own inverse
    private static readonly FrozenSet<string> Turns = Names("transpose t swapaxes swapdims numpy_T mT");
    private static readonly FrozenSet<string> Heavy = Names("linear matmul mm bmm addmm baddbmm einsum bilinear conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution lstm gru rnn_tanh rnn_relu scaled_dot_product_attention");
    private static readonly FrozenSet<string> EndsOfGradients = Names("detach detach_copy zeros_like ones_like full_like empty_like rand_like randn_like randint_like new_zeros new_ones new_full new_empty");
    private static readonly string[] Random = ["dropout", "bernoulli", "rand", "normal", "uniform", "exponential",
        "multinomial", "poisson", "rrelu", "cauchy", "geometric", "lstm", "gru", "rnn_",
        "scaled_dot_product_attention"];

    private static FrozenSet<string> Names(string list)
        => list.Split(' ').Select(name => "aten::" + name).ToFrozenSet();

    /// <summary>What it keeps, where that is known.</summary>
    public static Saved? Saves(string name)
        => KeepNothing.Contains(name) ? new(0)
        : KeepFirst.Contains(name) ? new(1) : KeepBoth.Contains(name) ? new(3) : KeepSecond.Contains(name) ? new(2)
            : KeepResult.Contains(name) ? new(0, Output: true) : null;
    /// <summary>As a view it shows every number once, in the order in which they lie.</summary>
    public static bool KeepsOrder(string name) => Reshapes.Contains(name);
    /// <summary>As a view it is its own inverse.</summary>
    public static bool TurnsBack(string name) => Turns.Contains(name);
    /// <summary>The view that reorders dimensions as it is told.</summary>
    public const string Permute = "aten::permute";
    /// <summary>As a view it shows every number once.</summary>
    public static bool ViewsAll(string name) => Reshapes.Contains(name) || Turns.Contains(name) || name == Permute;
    /// <summary>Autograd ends there: the result needs no gradient, whatever it was made of.</summary>
    public static bool EndsGradients(string name) => EndsOfGradients.Contains(name);
    /// <summary>As costly as a matrix product.</summary>
    public static bool IsHeavy(string name) => Heavy.Contains(name);
    /// <summary>May draw random numbers: the generator is replayed for a second run.</summary>
    public static bool IsRandom(string name)
        => Random.Any(word => name.Contains(word, StringComparison.Ordinal))
        && !name.Contains("norm_except", StringComparison.Ordinal)
        && !name.EndsWith("normalize", StringComparison.Ordinal);
}
