using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>An op of one input that runs forward and backward without an autograd graph: faster than libtorch, with its bits.</summary>
public interface IOwnBackward
{
    /// <summary>True when it can for this input; else libtorch's graph is used.</summary>
    bool Takes(Tensor input);
    /// <summary>The output, in training mode.</summary>
    /// <param name="input">What the op reads.</param>
    /// <param name="mode">How it is run.</param>
    /// <param name="kept">What <see cref="Backward"/> needs besides the input; the caller disposes it.</param>
    Tensor Forward(Tensor input, RunMode mode, out Tensor[] kept);
    /// <summary>Adds to the gradients of the parameters that are trained, as autograd does, and returns the input's.</summary>
    /// <param name="input">What forward read.</param>
    /// <param name="gradient">Of the output; of a rectified op after masking.</param>
    /// <param name="kept">Of the forward.</param>
    Tensor Backward(Tensor input, Tensor gradient, Tensor[] kept);
}
