using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// An op of one input that can run backward without autograd: first the gradients of its parameters, after which nobody
/// reads the input any more, then the input's. Either can be made part by part, so that neither a gradient nor what a
/// kernel copies is ever whole beside the sum, as it is under autograd, which makes a gradient before it adds it to
/// what was accumulated.
/// </summary>
internal interface IBackwardInParts
{
    /// <summary>
    /// Ways to make the parameters' gradients, as numbers of the op's own, the fewest parts first; each takes fewer
    /// temporary bytes than all with fewer parts.
    /// </summary>
    /// <param name="node">The op's place.</param>
    /// <param name="batch">Samples in a batch.</param>
    IEnumerable<int> ParameterWays(Node node, long batch);

    /// <summary>The same for the input's gradient.</summary>
    IEnumerable<int> InputWays(Node node, long batch);

    /// <summary>Adds to the gradients of the parameters that are trained; each must have one.</summary>
    /// <param name="input">What forward read.</param>
    /// <param name="gradient">Of the output; of a rectified op after masking.</param>
    /// <param name="way">One of <see cref="ParameterWays"/>.</param>
    void AddParameterGradients(Tensor input, Tensor gradient, int way);

    /// <summary>The gradient of the input.</summary>
    /// <param name="like">Has the input's shape; its numbers are not read.</param>
    /// <param name="gradient">Of the output; of a rectified op after masking.</param>
    /// <param name="way">One of <see cref="InputWays"/>.</param>
    Tensor InputGradient(Tensor like, Tensor gradient, int way);
}
