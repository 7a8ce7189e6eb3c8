using System.Collections.Frozen;

namespace Interactive.Graphs.Ops;

/// <summary>What is known of libtorch's operators besides how to run them, by name: one line each.</summary>
internal static class AtenTraits
{
    private static readonly Saved Nothing = new(0), First = new(1), Both = new(3), Result = new(0, Output: true);

    // What autograd keeps for backward; those not listed are taken to keep all they read and their result.
    private static readonly FrozenDictionary<string, Saved> Savers = new Dictionary<string, Saved>
    {
        ["aten::add"] = Nothing, ["aten::sub"] = Nothing, ["aten::rsub"] = Nothing, ["aten::neg"] = Nothing, ["aten::cat"] = Nothing, ["aten::concat"] = Nothing,
        ["aten::stack"] = Nothing, ["aten::sum"] = Nothing, ["aten::mean"] = Nothing, ["aten::clone"] = Nothing, ["aten::contiguous"] = Nothing, ["aten::roll"] = Nothing,
        ["aten::pixel_shuffle"] = Nothing, ["aten::pixel_unshuffle"] = Nothing, ["aten::constant_pad_nd"] = Nothing, ["aten::upsample_nearest2d"] = Nothing,
        ["aten::upsample_bilinear2d"] = Nothing, ["aten::sigmoid"] = Result, ["aten::tanh"] = Result, ["aten::exp"] = Result, ["aten::sqrt"] = Result, ["aten::relu"] = Result,
        ["aten::silu"] = First, ["aten::hardswish"] = First, ["aten::mish"] = First, ["aten::softplus"] = First, ["aten::gelu"] = First, ["aten::square"] = First,
        ["aten::leaky_relu"] = First, ["aten::bmm"] = Both,
    }.ToFrozenDictionary();

    private static readonly FrozenSet<string> Reshapes = FrozenSet.Create("aten::view", "aten::reshape", "aten::flatten", "aten::unflatten", "aten::squeeze", "aten::unsqueeze", "aten::_unsafe_view", "aten::alias", "aten::view_as", "aten::reshape_as");
    private static readonly FrozenSet<string> Turns = FrozenSet.Create("aten::transpose", "aten::t", "aten::swapaxes", "aten::swapdims", "aten::numpy_T", "aten::mT"); // each its own inverse
    private static readonly FrozenSet<string> Heavy = FrozenSet.Create("aten::linear", "aten::matmul", "aten::mm", "aten::bmm", "aten::addmm", "aten::baddbmm", "aten::einsum", "aten::bilinear", "aten::conv1d", "aten::conv2d", "aten::conv3d",
        "aten::conv_transpose1d", "aten::conv_transpose2d", "aten::conv_transpose3d", "aten::convolution", "aten::lstm", "aten::gru", "aten::rnn_tanh", "aten::rnn_relu", "aten::scaled_dot_product_attention");
    private static readonly string[] Random = ["dropout", "bernoulli", "rand", "normal", "uniform", "exponential", "multinomial", "poisson", "rrelu", "cauchy", "geometric", "lstm", "gru", "rnn_", "scaled_dot_product_attention"];

    /// <summary>What it keeps, where that is known.</summary>
    public static Saved? Saves(string name) => Savers.TryGetValue(name, out var saved) ? saved : null;
    /// <summary>As a view it shows every number once, in the order in which they lie.</summary>
    public static bool KeepsOrder(string name) => Reshapes.Contains(name);
    /// <summary>As a view it is its own inverse.</summary>
    public static bool TurnsBack(string name) => Turns.Contains(name);
    /// <summary>The view that reorders dimensions as it is told.</summary>
    public const string Permute = "aten::permute";
    /// <summary>As a view it shows every number once.</summary>
    public static bool ViewsAll(string name) => Reshapes.Contains(name) || Turns.Contains(name) || name == Permute;
    /// <summary>As costly as a matrix product.</summary>
    public static bool IsHeavy(string name) => Heavy.Contains(name);
    /// <summary>May draw random numbers: the generator is replayed for a second run.</summary>
    public static bool IsRandom(string name) => Random.Any(word => name.Contains(word, StringComparison.Ordinal)) && !name.Contains("norm_except", StringComparison.Ordinal) && !name.EndsWith("normalize", StringComparison.Ordinal);
}
