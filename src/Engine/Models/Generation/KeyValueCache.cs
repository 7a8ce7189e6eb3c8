using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Models;

/// <summary>
/// The keys and values of the tokens so far, for one causal attention (Vaswani et al. 2017): (1, heads, context, size)
/// each, filled from the front.
/// </summary>
internal sealed class KeyValueCache : IDisposable
{
    private readonly Tensor keys, values;
    private long used;

    public KeyValueCache(long heads, long context, long size, ScalarType type, Device device)
    {
        keys = zeros([1, heads, context, size], type, device).DetachFromDisposeScope();
        values = zeros([1, heads, context, size], type, device).DetachFromDisposeScope();
    }

    /// <summary>The attention's output for the next tokens: any number of them into an empty cache, else one.</summary>
    /// <param name="packed">Their queries, keys and values (1, tokens, 3 x width).</param>
    public Tensor Attend(Tensor packed)
    {
        using var scope = NewDisposeScope();
        var (tokens, width, heads) = (packed.size(1), packed.size(2) / 3, keys.size(1));
        var isFirst = used == 0;
        var split = packed.view(1, tokens, 3, heads, width / heads).permute(2, 0, 3, 1, 4); // as the op itself does
        keys.narrow(2, used, tokens).copy_(split[1]);
        values.narrow(2, used, tokens).copy_(split[2]);
        used += tokens;
        var y = nn.functional.scaled_dot_product_attention(split[0], keys.narrow(2, 0, used), values.narrow(2, 0, used),
            is_casual: isFirst);
        return y.transpose(1, 2).reshape(1, tokens, width).MoveToOuterDisposeScope();
    }

    /// <summary>Forgets all tokens.</summary>
    public void Clear() => used = 0;

    public void Dispose()
    {
        keys.Dispose();
        values.Dispose();
    }
}
