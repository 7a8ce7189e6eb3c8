using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// Multi-head scaled dot-product attention (Vaswani et al. 2017) over packed queries, keys and values:
/// (tokens, 3 x width) to (tokens, width). Backward reads the input, the output and one number per row and head; where
/// autograd records it, it keeps views of the first two.
/// </summary>
internal sealed class Attention(long heads, bool causal) : Op, IDirectUnary
{
    /// <inheritdoc/>
    public override string Kind => "attention";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["heads"] = heads,
        ["causal"] = causal,
    };
    /// <inheritdoc/>
    public override bool IsCheap => false;

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var x = inputs[0];
        RequireRank(x, 2, "tokens x (3 x width)");
        if (x.Shape[1] % (3 * heads) != 0)
            throw new GraphException($"expects 3 x width with width divisible by {heads} heads, got {x.Shape[1]}");
        return (new Shape(x.Shape[0], x.Shape[1] / 3), x.Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var scope = NewDisposeScope();
        var (batch, tokens, packed) = (inputs[0].shape[0], inputs[0].shape[1], inputs[0].shape[2]);
        var split = inputs[0].view(batch, tokens, 3, heads, packed / 3 / heads).permute(2, 0, 3, 1, 4);
        var y = nn.functional.scaled_dot_product_attention(split[0], split[1], split[2], is_casual: causal);
        return y.transpose(1, 2).reshape(batch, tokens, packed / 3).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public bool RunsDirect(Tensor input)
        => Aten.IsAvailable && ElementKernels.Takes(input) && (isFlash ??= ChoosesFlash(input));

    private bool? isFlash; // depends on types and shapes, but not on how many samples there are

    private bool ChoosesFlash(Tensor input)
    {
        const nint Flash = 1; // at::SDPBackend
        using var parts = new Heads(input, heads);
        Span<nint> choice = stackalloc nint[1];
        Aten.Call("_fused_sdp_choice", "", choice, parts.Queries, parts.Keys, parts.Values, new Aten.Optional(null),
            0.0, causal, new Aten.Optional(null), false);
        return choice[0] == Flash;
    }

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        using var parts = new Heads(input, heads);
        Span<nint> results = stackalloc nint[2];
        Aten.Call("_scaled_dot_product_flash_attention_for_cpu", "", results, parts.Queries, parts.Keys, parts.Values,
            0.0, causal, new Aten.Optional(null), new Aten.Optional(null));
        var (output, sums) = (Tensor.UnsafeCreateTensor(results[0]), Tensor.UnsafeCreateTensor(results[1]));
        statistics = [output, sums];
        using var turned = output.transpose(1, 2);
        return turned.reshape(parts.Batch, parts.Tokens, heads * parts.Size);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        if (!wantsInput) return null;
        using var parts = new Heads(input, heads);
        using var split = gradient.view(parts.Batch, parts.Tokens, heads, parts.Size);
        using var turned = split.transpose(1, 2);
        Span<nint> results = stackalloc nint[3];
        Aten.Call("_scaled_dot_product_flash_attention_for_cpu_backward", "", results, turned, parts.Queries,
            parts.Keys, parts.Values, statistics[0], statistics[1],
            0.0, causal, new Aten.Optional(null), new Aten.Optional(null));
        return Packed(input, results);
    }

    // Autograd adds the three to zeros, which makes each negative zero a positive one.
    private static Tensor Packed(Tensor input, ReadOnlySpan<nint> parts)
    {
        var packed = empty_like(input);
        for (var i = 0; i < parts.Length; i++)
        {
            using var part = Tensor.UnsafeCreateTensor(parts[i]);
            using var turned = part.transpose(1, 2);
            using var rows = turned.contiguous(); // as the kernel lays it
            PackKernel.Write(rows, packed, i, parts.Length);
        }
        return packed;
    }

    /// <summary>
    /// Packed queries, keys and values (batch, tokens, 3 x width) as views (batch, heads, tokens, size).
    /// </summary>
    private readonly ref struct Heads(Tensor packed, long heads)
    {
        public long Batch { get; } = packed.size(0);
        public long Tokens { get; } = packed.size(1);
        public long Size { get; } = packed.size(2) / 3 / heads;
        public Tensor Queries { get; } = Part(packed, heads, 0);
        public Tensor Keys { get; } = Part(packed, heads, 1);
        public Tensor Values { get; } = Part(packed, heads, 2);

        private static Tensor Part(Tensor packed, long heads, long part)
        {
            var (tokens, row) = (packed.size(1), packed.size(2));
            var size = row / 3 / heads;
            return packed.as_strided([packed.size(0), heads, tokens, size], [tokens * row, size, row, 1],
                part * row / 3);
        }

        public void Dispose()
        {
            Queries.Dispose();
            Keys.Dispose();
            Values.Dispose();
        }
    }

    /// <inheritdoc/>
    // The kernel lays the heads of a token side by side, so the joined output is a view of the one that backward reads.
    public override Saved Saves(Node node)
        => new(Inputs: 1, Output: true, ExtraBytes: batch => batch * node.Output.Shape[0] * heads * 4,
        Swappable: Aten.IsAvailable && node.Output.Type == ScalarType.Float32 && !IsOnGpu(node));

    // Of the nearest parameters in front; a net of shapes alone is planned for the CPU.
    private static bool IsOnGpu(Node? node)
    {
        for (; node is not null; node = node.Inputs[0].Producer)
            foreach (var parameter in node.Op.Parameters) return parameter.device_type == DeviceType.CUDA;
        return false;
    }

    /// <inheritdoc/>
    public override (long Forward, long Backward) Workspace(Node node, long batch)
        => (node.Output.Bytes(batch), 2 * node.Output.Bytes(batch) + node.Inputs.Sum(v => v.Bytes(batch)));
    /// <inheritdoc/>
    public override double Flops(Node node) => 4.0 * node.Output.Shape.Elements * node.Output.Shape[0];
}
