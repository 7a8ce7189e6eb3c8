using Interactive.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>
/// What TorchSharp 0.107 computes otherwise than PyTorch, or not at all. Where a net meets it the net's author hears of it in one line, with
/// what to write in its place; <c>docs/tracing.md</c> lists the rest, which nothing in a run shows.
/// </summary>
internal static class TorchSharpFaults
{
    /// <summary>
    /// Lists the table that a pretrained embedding reads among its parameters: TorchSharp lists a random one that nothing reads, so the
    /// table would neither be trained nor saved.
    /// </summary>
    public static nn.Module WithItsTables(nn.Module module)
    {
        foreach (var part in module.modules().Prepend(module))
            if (part is Embedding or EmbeddingBag && part.parameters(false).FirstOrDefault() is { } listed)
            {
                var read = part is Embedding one ? one.weight : ((EmbeddingBag)part).weight;
                if (read is null || read.Identity() == listed.Identity()) continue;
                if (part is Embedding layer) layer.weight = read;
                else ((EmbeddingBag)part).weight = read;
            }
        return module;
    }

    /// <summary>Refuses layers that cannot do what they are for.</summary>
    /// <exception cref="GraphException">There is one.</exception>
    public static void RequireSoundLayers(nn.Module module, string name)
    {
        foreach (var (part, its) in module.named_modules().Prepend(("", module)))
            if (Of(its) is { } why) throw new GraphException($"{(part.Length > 0 ? part : name)} is a {its.GetType().Name}, which {why}");
    }

    private static string? Of(nn.Module layer) => layer switch
    {
        Hardtanh { inplace: false } h when Passes(h) => $"limits nothing in this TorchSharp unless it works in place: write nn.Hardtanh({h.min_val}, {h.max_val}, inplace: true), or x.clamp({h.min_val}, {h.max_val})",
        Mish { inplace: true } or Softsign { inplace: true } => $"cannot run backward in place: write nn.{layer.GetType().Name}()",
        AdaptiveMaxPool3d { output_size: null } => "forgets its output size in this TorchSharp: set its output_size, or write functional.adaptive_max_pool3d(x, [d, h, w])",
        ConvTranspose2d or ConvTranspose3d when Paddings(layer) is { } given && given.Distinct().Count() > 1
            => $"takes the first of its output paddings ({string.Join(", ", given)}) for all dimensions in this TorchSharp: write functional.conv_transpose{given.Length}d with its weight and bias",
        GroupNorm { weight: { } weight, bias: { } bias } when IsAsFound(weight) || IsAsFound(bias)
            => "has weights as they were found in memory, for TorchSharp does not set them: set them (nn.init.ones_ of its weight, nn.init.zeros_ of its bias)",
        _ => null,
    };

    private static bool Passes(Hardtanh layer)
    {
        using Tensor beyond = tensor(layer.max_val + 1), limited = layer.call(beyond);
        return limited.item<double>() > layer.max_val;
    }

    private static long[]? Paddings(nn.Module layer) => layer switch
    {
        ConvTranspose2d two => two.output_padding,
        ConvTranspose3d three => three.output_padding,
        _ => null,
    };

    // Bits of other types, read as numbers, may be huge, and no training gets there. Next to nothing is where weight decay leads.
    private static bool IsAsFound(Tensor weights)
    {
        using var scope = NewDisposeScope();
        return weights.detach().abs().gt(1e8).any().item<bool>();
    }

    /// <summary>Refuses calls that do nothing, or something else than they are named for.</summary>
    /// <param name="run">In training.</param>
    /// <exception cref="GraphException">There is one.</exception>
    public static void RequireSoundCalls(ModuleRecording run)
    {
        HashSet<nint> read = [.. run.Calls.SelectMany(c => c.Tensors).Select(t => (nint)t.Payload), .. run.Outputs.Select(o => o.Identity())], products = [];
        for (var i = 0; i < run.Calls.Count; i++)
        {
            var call = run.Calls[i];
            if (call.Name == "aten::bmm") products.UnionWith(call.Results.Select(r => (nint)r.Payload));
            if (Of(call, read, products) is not { } why) continue;
            var where = run.SpanOf(i);
            throw new GraphException($"{(where is { Name.Length: > 0 } ? where.Name : (where?.Module ?? run.Module).GetName())} {why}");
        }
    }

    private static string? Of(RecordedCall call, HashSet<nint> read, HashSet<nint> products) => call.Name switch
    {
        "aten::hardtanh" when IsLost(call, read) => "calls hardtanh, which gives back what it was given in this TorchSharp: write x.clamp(min, max)",
        "aten::elu" when IsLost(call, read) => "calls elu_, which does not write over its tensor in this TorchSharp: write x = x.elu(alpha)",
        "aten::add_" when products.Contains((nint)call.Arguments[0].Payload) && IsOfTruths(call.Arguments[1])
            => "adds its attention mask of truth values as ones in this TorchSharp, so that nothing is masked: give it numbers, zeros(n, n).masked_fill(mask, float.NegativeInfinity)",
        "aten::embedding" when call.Arguments[4] is { Flag: true } => "has sparse gradients (sparse: true), which no optimiser here takes: leave sparse out",
        "aten::embedding_bag" when call.Arguments[5] is { Flag: true } => "has sparse gradients (sparse: true), which no optimiser here takes: leave sparse out",
        _ => null,
    };

    private static bool IsLost(RecordedCall call, HashSet<nint> read) => call.Results.All(r => !read.Contains((nint)r.Payload));

    private static bool IsOfTruths(NativeValue value)
    {
        if (value.Tag != ValueTag.Tensor) return false;
        using var tensor = value.ToTensor();
        return tensor.dtype == ScalarType.Bool;
    }
}
