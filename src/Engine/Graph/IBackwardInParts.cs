using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// An op of one input that can run backward without autograd: first the gradients of its parameters, after which nobody reads
/// the input any more, then the input's. It adds to the parameters' gradients part by part, so that they are never whole a
/// second time, as they are under autograd, which makes a gradient before it adds it to what was accumulated.
/// </summary>
public interface IBackwardInParts
{
    /// <summary>Numbers of parts worth trying, the best first.</summary>
    /// <param name="temporaryBytes">Bytes that temporary tensors of a part may take, as far as cutting helps.</param>
    IEnumerable<int> Parts(long temporaryBytes);

    /// <summary>Adds to the gradients of the parameters that are trained; each must have one.</summary>
    /// <param name="input">What forward read, in the form in which it read it.</param>
    /// <param name="gradient">Of the output; of a rectified op after masking.</param>
    /// <param name="parts">One of <see cref="Parts"/>.</param>
    void AddParameterGradients(Tensor input, Tensor gradient, int parts);

    /// <summary>The gradient of the input.</summary>
    /// <param name="like">Has the input's shape; its numbers are not read.</param>
    /// <param name="gradient">Of the output; of a rectified op after masking.</param>
    Tensor InputGradient(Tensor like, Tensor gradient);
}
