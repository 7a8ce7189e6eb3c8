using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// An op of one input that runs backward by calling the kernels that autograd would call. Nothing is recorded in forward, no
/// engine is set going for one node, and the input's bytes are held by whoever runs the op and nobody else.
/// </summary>
public interface IDirect
{
    /// <summary>True when it can do so for this input; else autograd is the way.</summary>
    bool RunsDirect(Tensor input);

    /// <summary>The first run, in training mode, with autograd off.</summary>
    /// <param name="input">What the op reads.</param>
    /// <param name="mode">How it is run.</param>
    /// <param name="statistics">Results that <see cref="Backward"/> reads besides the input; the caller disposes them.</param>
    Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics);

    /// <summary>Adds to the gradients of the parameters that are trained, which may have none yet, with autograd off.</summary>
    /// <param name="input">The same bytes again; where the op declares that backward does not read them (<see cref="Saved.Inputs"/>), only the shape.</param>
    /// <param name="gradient">Of the output; of a rectified op after masking.</param>
    /// <param name="statistics">Those of the first run.</param>
    /// <param name="wantsInput">Whether the gradient of the input is asked for.</param>
    /// <returns>The gradient of the input, or null where it was not asked for.</returns>
    Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput);
}
