using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>An op of one input and no parameters that runs forward and backward without an autograd graph, faster than libtorch and with its bits.</summary>
public interface IOwnBackward
{
    /// <summary>True when it can for this input; else libtorch's graph is used.</summary>
    bool Takes(Tensor input);
    /// <summary>The output, in training mode.</summary>
    /// <param name="input">What the op reads.</param>
    /// <param name="kept">What <see cref="InputGradient"/> needs; the caller disposes it.</param>
    Tensor Forward(Tensor input, out Tensor kept);
    /// <summary>The gradient of the input.</summary>
    /// <param name="like">Has the input's shape; its numbers are not read.</param>
    /// <param name="gradient">Of the output.</param>
    /// <param name="kept">Of the forward.</param>
    Tensor InputGradient(Tensor like, Tensor gradient, Tensor kept);
}
