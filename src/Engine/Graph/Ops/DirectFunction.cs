using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// An element-wise function whose backward is one pass over the gradient and either the input or the output. Where
/// nobody else holds the gradient it is overwritten.
/// </summary>
internal abstract class DirectFunction : ElementWise, IOverwritesGradient
{
    /// <summary>The function itself.</summary>
    private protected abstract Tensor Apply(Tensor x);
    /// <summary>Backward reads the output instead of the input.</summary>
    private protected virtual bool ReadsOutput => false;
    /// <summary>True when the kernel of backward can be called.</summary>
    private protected virtual bool HasKernel => Runtime.Aten.IsAvailable;
    /// <summary>Writes the gradient of the input.</summary>
    /// <param name="gradient">Of the output.</param>
    /// <param name="read">The input, or the output where <see cref="ReadsOutput"/>.</param>
    /// <param name="result">Receives it; may be <paramref name="gradient"/>.</param>
    private protected abstract void Write(Tensor gradient, Tensor read, Tensor result);

    /// <inheritdoc/>
    public sealed override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => Apply(inputs[0]);

    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => HasKernel;

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        var y = Apply(input);
        statistics = ReadsOutput ? [y.alias()] : [];
        return y;
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        if (!wantsInput) return null;
        var arriving = empty_like(gradient);
        Write(gradient, ReadsOutput ? statistics[0] : input, arriving);
        return arriving;
    }

    /// <inheritdoc/>
    public void BackwardOver(Tensor input, Tensor gradient, Tensor[] statistics)
        => Write(gradient, ReadsOutput ? statistics[0] : input, gradient);

    /// <inheritdoc/>
    public override Saved Saves(Node node) => ReadsOutput ? new(Inputs: 0, Output: true) : new(Inputs: 1);

    /// <summary>Calls a kernel of libtorch that takes the gradient, what it reads and where to write.</summary>
    private protected static void Call(string kernel, string overload, Tensor first, Tensor second, Tensor result)
    {
        Span<nint> results = stackalloc nint[1];
        Runtime.Aten.Call(kernel, overload, results, first, second, result);
        Tensor.UnsafeCreateTensor(results[0]).Dispose();
    }
}
