using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// A direct op of one input whose input's gradient takes the place of its output's, number by number, where nobody else
/// holds that.
/// </summary>
internal interface IOverwritesGradient : IDirectUnary
{
    /// <summary>Backward with autograd off; adds to the gradients of parameters, where there are any.</summary>
    /// <param name="input">As in <see cref="IDirectUnary.Backward"/>.</param>
    /// <param name="gradient">Of the output; becomes that of the input.</param>
    /// <param name="statistics">Those of the first run.</param>
    void BackwardOver(Tensor input, Tensor gradient, Tensor[] statistics);
}
