using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>An element-wise function of one value.</summary>
internal abstract class ElementWise : Op
{
    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs) => (inputs[0].Shape, inputs[0].Type);
}
