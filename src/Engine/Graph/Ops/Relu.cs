using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>max(x, 0). Backward reads only the output.</summary>
public sealed class Relu : Op
{
    /// <inheritdoc/>
    public override string Kind => "relu";
    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs) => (inputs[0].Shape, inputs[0].Type);
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => nn.functional.relu(inputs[0]);
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0, Output: true);
}
