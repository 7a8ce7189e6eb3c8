using System.Collections.Frozen;
using Interactive.Graphs.Ops;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>A call that may be one of the engine's own ops.</summary>
/// <param name="Inputs">What it reads of the graph.</param>
/// <param name="Owner">The module that owns all its parameters, with its name; null where there is none.</param>
/// <param name="Caller">The innermost module that ran it.</param>
/// <param name="Arguments">As numbers: null for tensors.</param>
/// <param name="Evaluation">The same in evaluation.</param>
/// <param name="Parameters">By argument: the parameter that it is.</param>
/// <param name="Tensors">How many of the arguments are tensors.</param>
/// <param name="IsView">Its result shares the input's bytes.</param>
internal sealed record KnownCall(Value[] Inputs, nn.Module? Owner, nn.Module? Caller, object?[] Arguments, object?[] Evaluation, Parameter?[] Parameters, int Tensors, bool IsView)
{
    /// <summary>One tensor flows; the others are a parameter and perhaps a second one.</summary>
    public bool Reads(int weight, int bias) => Inputs.Length == 1 && Parameters[weight] is not null && Tensors == (Parameters[bias] is null ? 2 : 3);
    /// <summary>True of two tensors that flow and have one element type.</summary>
    public bool IsOfTwo => Inputs.Length == 2 && Tensors == 2 && Inputs[0].Type == Inputs[1].Type;
    /// <summary>True where one tensor flows and no other is read.</summary>
    public bool IsOfOne => Inputs.Length == 1 && Tensors == 1;
    /// <summary>An argument is a number, and what flows are numbers of floating point.</summary>
    public bool IsNumber(int argument) => Arguments[argument] is long or double && Inputs[0].Type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;
    /// <summary>The two have one shape, the samples included.</summary>
    public bool AreAlike => Inputs[0].Extents.SequenceEqual(Inputs[1].Extents);
    /// <summary>A list of whole numbers.</summary>
    public long[] Sizes(int argument) => (long[])Arguments[argument]!;
    /// <summary>A list of one or two numbers as height and width.</summary>
    public Size2 Pair(int argument) => Ops.Conv2d.Pair(Sizes(argument));
    /// <summary>A number of either kind.</summary>
    public double Number(int argument) => Convert.ToDouble(Arguments[argument]);
    /// <summary>A flag that is set in training and not in evaluation.</summary>
    public bool FollowsMode(int argument) => Arguments[argument] is true && Evaluation[argument] is false;
    /// <summary>Equal lists, a single number standing for two.</summary>
    public bool Is(int argument, long[]? wanted, long otherwise)
        => Arguments[argument] is long[] { Length: > 0 } list && Ops.Conv2d.Pair(list) == (wanted is { Length: > 0 } ? Ops.Conv2d.Pair(wanted) : new Size2(otherwise, otherwise));
}

/// <summary>
/// libtorch's operators that the engine has ops for, one line each: the name, and the op where the arguments are such as it takes; null
/// leaves the operator as it is.
/// </summary>
internal static class KnownCalls
{
    private static readonly Dictionary<string, Func<KnownCall, Op?>> Table = new()
    {
        ["aten::conv1d"] = c => HeldLayers.Convolution(c) is { } m ? new ConvNd(m) : null,
        ["aten::conv2d"] = c => c.Owner is TorchSharp.Modules.Conv2d m && c.Is(3, m.stride, 1) && c.Is(4, m.padding, 0) && c.Is(5, m.dilation, 1) && m is { padding_type: null, padding_mode: TorchSharp.PaddingModes.Zeros } && c.Arguments[6] is long g && g == m.groups ? new Ops.Conv2d(m) { AsInTheModule = true }
            : HeldLayers.Convolution(c) is TorchSharp.Modules.Conv2d held ? new Ops.Conv2d(held) { AsInTheModule = true } : null,
        ["aten::conv3d"] = c => HeldLayers.Convolution(c) is { } m ? new ConvNd(m) : null,
        ["aten::conv_transpose2d"] = c => HeldLayers.ConvTranspose2d(c) is { } m ? new Ops.ConvTranspose2d(m) : null,
        ["aten::_convolution"] = c => HeldLayers.Unified(c), // what a trace of PyTorch's wrote into a file
        ["aten::linear"] = c => c.Owner is TorchSharp.Modules.Linear m ? new Ops.Linear(m) : c.Reads(1, 2) ? new Ops.Linear(HeldLayers.Linear(c.Parameters[1]!, c.Parameters[2])) : null,
        ["aten::batch_norm"] = c => c.Owner is TorchSharp.Modules.BatchNorm2d { affine: true } m && c.Inputs[0].Shape.Rank == 3 && c.FollowsMode(5) ? new Ops.BatchNorm2d(m) : null,
        ["aten::layer_norm"] = c => c.Owner is TorchSharp.Modules.LayerNorm { elementwise_affine: true } m ? new Ops.LayerNorm(m) : HeldLayers.LayerNorm(c) is { } held ? new Ops.LayerNorm(held) : null,
        ["aten::group_norm"] = c => HeldLayers.GroupNorm(c) is { } m ? new Ops.GroupNorm(m) : null,
        ["aten::embedding"] = c => c.Owner is TorchSharp.Modules.Embedding m ? new Ops.Embedding(m) { IsPlain = c.Arguments is [_, _, -1L, false, false] } : null,
        ["aten::relu"] = c => new Relu(),
        ["aten::gelu"] = c => c.Arguments[1] is "none" ? new Gelu() : null,
        ["aten::dropout"] = c => c.Arguments[1] is double p and > 0 and < 1 && c.FollowsMode(2) ? new Ops.Dropout(p, c.Caller as TorchSharp.Modules.Dropout) : null,
        ["aten::add"] = c => c.IsOfOne && c.IsNumber(1) ? new AddScalar(c.Number(1) * c.Number(2)) : c.IsOfTwo && c.AreAlike ? new Add(c.Number(2)) : null,
        ["aten::sub"] = c => c.IsOfOne && c.IsNumber(1) ? new AddScalar(-c.Number(1) * c.Number(2)) : c.IsOfTwo && c.AreAlike ? new Add(-c.Number(2)) : null,
        // Of images: what a part of tokens' gradient is copied to would give a linear layer's bias other bits.
        ["aten::cat"] = c => c.Arguments[1] is 1L && c.Inputs.Length > 1 && c.Inputs.All(v => v.Shape.Rank == 3 && v.Extents[0] == c.Inputs[0].Extents[0] && v.Type == c.Inputs[0].Type) ? new Concat() : null,
        ["aten::silu"] = c => new Silu(),
        ["aten::sigmoid"] = c => new Ops.Sigmoid(),
        ["aten::tanh"] = c => new Ops.Tanh(),
        ["aten::exp"] = c => new Exp(),
        ["aten::log"] = c => new Log(),
        ["aten::sqrt"] = c => new Sqrt(),
        ["aten::abs"] = c => new Abs(),
        ["aten::hardswish"] = c => new Ops.Hardswish(),
        ["aten::hardsigmoid"] = c => new Ops.Hardsigmoid(),
        ["aten::relu6"] = c => new Ops.Relu6(),
        ["aten::leaky_relu"] = c => new LeakyRelu(c.Number(1)),
        ["aten::mul"] = c => c.IsOfOne && c.IsNumber(1) ? new MulScalar(c.Number(1)) : c.IsOfTwo ? new Mul() : null,
        ["aten::div"] = c => c.Arguments.Length != 2 ? null : c.IsOfOne && c.IsNumber(1) ? new DivScalar(c.Number(1)) : c.IsOfTwo ? new Div() : null,
        ["aten::matmul"] = c => c.IsOfTwo ? new Ops.Matmul() : null,
        ["aten::bmm"] = c => c.IsOfTwo ? new Ops.Matmul() : null,
        ["aten::scaled_dot_product_attention"] = c => c.Tensors == 3 && c.Inputs.Length == 3 && c.Arguments[4] is 0.0 && c.Arguments[7] is false ? new Ops.ScaledDotProductAttention(c.Arguments[5] is true, c.Arguments[6] as double?, asItLies: true) : null,
        ["aten::mean"] = c => c.Arguments is [_, long[] { Length: > 0 } over, bool keep, null] ? new Mean(over, keep) : null,
        ["aten::sum"] = c => c.Arguments is [_, long[] { Length: > 0 } over, bool keep, null] ? new Sum(over, keep) : null,
        ["aten::softmax"] = c => c.Arguments is [_, long along, null] ? new Ops.Softmax(along) : null,
        ["aten::log_softmax"] = c => c.Arguments is [_, long along, null] ? new Ops.LogSoftmax(along) : null,
        ["aten::max_pool2d"] = c => c.Is(4, [1], 1) ? new Ops.MaxPool2d(c.Pair(1), c.Sizes(2).Length > 0 ? c.Pair(2) : c.Pair(1), c.Pair(3), c.Arguments[5] is true) : null,
        ["aten::avg_pool2d"] = c => c.Arguments[6] is null ? new Ops.AvgPool2d(c.Pair(1), c.Sizes(2).Length > 0 ? c.Pair(2) : c.Pair(1), c.Pair(3), c.Arguments[4] is true, c.Arguments[5] is true) : null,
        ["aten::adaptive_avg_pool2d"] = c => c.Inputs[0].Shape.Rank == 3 ? new Ops.AdaptiveAvgPool2d(c.Pair(1)) : null,
        ["aten::flatten"] = c => c.IsView && c.Arguments[1] is 1L && c.Arguments[2] is long last && (last == -1 || last == c.Inputs[0].Shape.Rank) && c.Inputs[0].Shape.Rank > 1 ? new Ops.Flatten() : null,
    };

    private static readonly FrozenSet<string> TakeAnyLayout = ["aten::matmul", "aten::bmm", "aten::scaled_dot_product_attention"];

    /// <summary>What it reads and gives may lie anyhow: the op hands it to libtorch's kernel as it is. Of others it must be contiguous, or what follows has other bits.</summary>
    public static bool TakesAnyLayout(string name) => TakeAnyLayout.Contains(name);

    /// <summary>Its op asks what is given in evaluation, which may be something else.</summary>
    public static bool FollowsMode(string name) => name is "aten::batch_norm" or "aten::dropout";

    /// <summary>The engine's op for a call, or null.</summary>
    public static Op? Find(string name, KnownCall call)
        => call.Inputs.Length > 0 && call.Inputs.All(v => v.IsRows) && Table.TryGetValue(name, out var make) ? make(call) : null;
}
