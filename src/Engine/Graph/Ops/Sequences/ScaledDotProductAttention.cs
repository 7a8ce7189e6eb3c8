using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// Scaled dot-product attention (Vaswani et al. 2017) over queries, keys and values apart, each (heads, tokens, size),
/// and optionally a mask (1 or heads, queries, keys): true where a key is seen, or numbers that are added to the
/// scores. <see cref="Attention"/> takes the three packed. Backward reads the inputs, the output and one number per row
/// and head.
/// </summary>
/// <param name="causal">No token sees a later one; not with a mask.</param>
/// <param name="scale">Of the scores; default 1 / sqrt(size).</param>
internal sealed class ScaledDotProductAttention(bool causal = false, double? scale = null) : Op, IDirect
{
    private readonly bool asItLies;

    /// <summary>
    /// As libtorch runs it in a user's module: what it reads may lie anyhow, and the result is left as the kernel lays
    /// it.
    /// </summary>
    internal ScaledDotProductAttention(bool causal, double? scale, bool asItLies) : this(causal, scale)
        => this.asItLies = asItLies;

    /// <inheritdoc/>
    public override string Kind => "scaled_dot_product_attention";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
    {
        get
        {
            var attributes = new Dictionary<string, object> { ["causal"] = causal };
            if (scale is { } s) attributes["scale"] = s;
            if (asItLies) attributes["as_it_lies"] = true;
            return attributes;
        }
    }
    /// <inheritdoc/>
    public override bool IsCheap => false;

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        if (inputs.Count is not (3 or 4))
            throw new GraphException($"takes queries, keys, values and at most a mask, got {inputs.Count} values");
        var (q, k, v) = (inputs[0].Shape, inputs[1].Shape, inputs[2].Shape);
        if (q.Rank != 3 || k.Rank != 3 || v.Rank != 3 || k[0] != q[0] || v[0] != q[0] || k[2] != q[2] || v[1] != k[1])
            throw new GraphException($"expects queries, keys and values of heads x tokens x size, got {q}, {k} and {v}");
        if (inputs.Count == 4)
        {
            if (causal) throw new GraphException("takes either a mask or causal order");
            if (!Broadcast.Fits(inputs[3], new Shape(q[0], q[1], k[1]))) throw new GraphException($"expects a mask of 1x{q[1]}x{k[1]} or {q[0]}x{q[1]}x{k[1]}, got {inputs[3].Shape}");
        }
        return (new Shape(q[0], q[1], v[2]), inputs[0].Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        if (scale is null)
        {
            using var y = nn.functional.scaled_dot_product_attention(inputs[0], inputs[1], inputs[2],
                inputs.Length == 4 ? inputs[3] : null, is_casual: causal);
            return Laid(y);
        }
        Span<nint> result = stackalloc nint[1];
        Aten.Call("scaled_dot_product_attention", "", result, inputs[0], inputs[1], inputs[2],
            new Aten.Optional(inputs.Length == 4 ? inputs[3] : null), 0.0, causal, new Aten.Optional(scale), false);
        using var scaled = Tensor.UnsafeCreateTensor(result[0]);
        return Laid(scaled);
    }

    /// <inheritdoc/>
    public bool RunsDirect(ReadOnlySpan<Tensor> inputs)
        => inputs.Length == 3 && Aten.IsAvailable
        && (asItLies ? inputs[0].dtype == ScalarType.Float32 && inputs[0].device_type == DeviceType.CPU
        : ElementKernels.Takes(inputs[0])) && (isFlash ??= ChoosesFlash(inputs));

    private Tensor Laid(Tensor y) => asItLies ? y.alias() : y.contiguous();

    private bool? isFlash; // depends on types and shapes, but not on how many samples there are

    private bool ChoosesFlash(ReadOnlySpan<Tensor> inputs)
    {
        const nint Flash = 1; // at::SDPBackend
        Span<nint> choice = stackalloc nint[1];
        Aten.Call("_fused_sdp_choice", "", choice, inputs[0], inputs[1], inputs[2], new Aten.Optional(null), 0.0,
            causal, new Aten.Optional(scale), false);
        return choice[0] == Flash;
    }

    /// <inheritdoc/>
    public Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode, out Tensor[] statistics)
    {
        Span<nint> results = stackalloc nint[2];
        Aten.Call("_scaled_dot_product_flash_attention_for_cpu", "", results, inputs[0], inputs[1], inputs[2], 0.0,
            causal, new Aten.Optional(null), new Aten.Optional(scale));
        var output = Tensor.UnsafeCreateTensor(results[0]);
        statistics = [output, Tensor.UnsafeCreateTensor(results[1])];
        return Laid(output);
    }

    /// <inheritdoc/>
    public void Backward(ReadOnlySpan<Tensor> inputs, Tensor gradient, Tensor[] statistics, ReadOnlySpan<bool> wants,
        Span<Tensor?> arriving)
    {
        if (!wants.Contains(true)) return;
        Span<nint> results = stackalloc nint[3];
        Aten.Call("_scaled_dot_product_flash_attention_for_cpu_backward", "", results, gradient, inputs[0], inputs[1],
            inputs[2], statistics[0], statistics[1],
            0.0, causal, new Aten.Optional(null), new Aten.Optional(scale));
        for (var i = 0; i < 3; i++)
        {
            var found = Tensor.UnsafeCreateTensor(results[i]);
            if (wants[i]) arriving[i] = found;
            else found.Dispose();
        }
    }

    /// <inheritdoc/>
    // The kernel lays its output as it finds the queries, so that it is the node's. With a mask autograd records, and a
    // mask of bools is kept as numbers.
    public override Saved Saves(Node node)
    {
        var sums = 4 * node.Output.Shape[0] * node.Output.Shape[1];
        if (node.Inputs.Count == 3)
            return new(Inputs: 7, Output: true, ExtraBytes: batch => batch * sums,
                Swappable: Aten.IsAvailable && node.Output.Type == ScalarType.Float32);
        var isNumbers = node.Inputs[3].Type != ScalarType.Bool;
        return new(Inputs: isNumbers ? 15u : 7u, Output: true,
            ExtraBytes: batch => batch * sums + (isNumbers ? 0 : 4 * node.Inputs[3].Bytes(batch)), Swappable: false);
    }

    /// <inheritdoc/>
    public override (long Forward, long Backward) Workspace(Node node, long batch)
        => (node.Output.Bytes(batch), 2 * node.Output.Bytes(batch) + node.Inputs.Sum(v => v.Bytes(batch)));
    /// <inheritdoc/>
    public override double Flops(Node node) => 4.0 * node.Output.Shape.Elements * node.Inputs[1].Shape[1];
}
