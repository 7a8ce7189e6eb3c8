using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>A direct op of one input.</summary>
public interface IDirectUnary : IDirect
{
    /// <summary>As <see cref="IDirect.RunsDirect"/>.</summary>
    bool RunsDirect(Tensor input);

    /// <summary>As the first run of <see cref="IDirect"/>.</summary>
    /// <param name="input">What the op reads.</param>
    /// <param name="mode">How it is run.</param>
    /// <param name="statistics">Results that backward reads besides the input; the caller disposes them.</param>
    Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics);

    /// <summary>
    /// Adds to the gradients of the parameters that are trained, which may have none yet, with autograd off.
    /// </summary>
    /// <param name="input">The same bytes again; where the op declares that backward does not read them
    /// (<see cref="Saved.Inputs"/>), only the shape.</param>
    /// <param name="gradient">Of the output; of a rectified op after masking.</param>
    /// <param name="statistics">Those of the first run.</param>
    /// <param name="wantsInput">Whether the gradient of the input is asked for.</param>
    /// <returns>The gradient of the input, or null where it was not asked for.</returns>
    Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput);

    bool IDirect.RunsDirect(ReadOnlySpan<Tensor> inputs) => RunsDirect(inputs[0]);

    Tensor IDirect.Forward(ReadOnlySpan<Tensor> inputs, RunMode mode, out Tensor[] statistics)
        => Forward(inputs[0], mode, out statistics);

    void IDirect.Backward(ReadOnlySpan<Tensor> inputs, Tensor gradient, Tensor[] statistics, ReadOnlySpan<bool> wants,
        Span<Tensor?> arriving)
        => arriving[0] = Backward(inputs[0], gradient, statistics, wants[0]);
}
