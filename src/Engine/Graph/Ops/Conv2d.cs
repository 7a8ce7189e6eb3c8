using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>2-d convolution over (channels, height, width). Backward reads the input.</summary>
public sealed class Conv2d : Op
{
    private readonly TorchSharp.Modules.Conv2d module;

    /// <summary>A new convolution with TorchSharp's default initialisation.</summary>
    public Conv2d(long inChannels, long outChannels, long kernel, long stride, long padding, bool bias)
        => module = nn.Conv2d(inChannels, outChannels, kernel, stride, padding, bias: bias);

    /// <inheritdoc/>
    public override string Kind => "conv2d";
    /// <inheritdoc/>
    public override nn.Module Module => module;
    /// <inheritdoc/>
    public override bool IsCheap => false;

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
        => throw new NotImplementedException("the graph room writes this");

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => module.forward(inputs[0]);
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 1);
}
