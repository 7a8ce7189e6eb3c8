using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// An op that runs backward by calling the kernels that autograd would call. Nothing is recorded in forward, no engine
/// is set going for one node, and the inputs' bytes are held by whoever runs the op and nobody else.
/// </summary>
public interface IDirect
{
    /// <summary>True when it can do so for these inputs; else autograd is the way.</summary>
    bool RunsDirect(ReadOnlySpan<Tensor> inputs);

    /// <summary>
    /// What backward finds are views that repeat the gradient's numbers, in its bytes, where other ops make new
    /// tensors.
    /// </summary>
    bool RepeatsGradient => false;

    /// <summary>The first run, in training mode, with autograd off.</summary>
    /// <param name="inputs">What the op reads.</param>
    /// <param name="mode">How it is run.</param>
    /// <param name="statistics">Results that <see cref="Backward"/> reads besides the inputs; the caller disposes
    /// them.</param>
    Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode, out Tensor[] statistics);

    /// <summary>
    /// Adds to the gradients of the parameters that are trained, which may have none yet, with autograd off.
    /// </summary>
    /// <param name="inputs">The same bytes again; of an input that backward does not read, as the op declares
    /// (<see cref="Saved.Inputs"/>), only the shape.</param>
    /// <param name="gradient">Of the output; of a rectified op after masking.</param>
    /// <param name="statistics">Those of the first run.</param>
    /// <param name="wants">By input: whether its gradient is asked for.</param>
    /// <param name="arriving">By input: receives the gradients that were asked for; the others stay null.</param>
    void Backward(ReadOnlySpan<Tensor> inputs, Tensor gradient, Tensor[] statistics, ReadOnlySpan<bool> wants,
        Span<Tensor?> arriving);
}
