using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>An op that always runs direct, and whose backward reads nothing besides inputs and output.</summary>
internal abstract class DirectOp : Op, IDirect
{
    /// <inheritdoc/>
    public bool RunsDirect(ReadOnlySpan<Tensor> inputs) => true;

    /// <inheritdoc/>
    public Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode, out Tensor[] statistics)
    {
        statistics = [];
        return Forward(inputs, mode);
    }

    /// <inheritdoc/>
    public abstract void Backward(ReadOnlySpan<Tensor> inputs, Tensor gradient, Tensor[] statistics,
        ReadOnlySpan<bool> wants, Span<Tensor?> arriving);
}
