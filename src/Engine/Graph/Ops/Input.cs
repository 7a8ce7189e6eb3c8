using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>An input of the graph besides the first: a source, whose tensor comes with the batch.</summary>
/// <param name="shape">One sample.</param>
/// <param name="type">Element type.</param>
internal sealed class Input(Shape shape, ScalarType type = ScalarType.Float32) : Op
{
    /// <inheritdoc/>
    public override string Kind => "input";
    /// <inheritdoc/>
    public override bool IsFixed => true;
    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs) => (shape, type);
    /// <summary>Never called: whoever runs the graph puts the batch's tensor in its place.</summary>
    /// <exception cref="GraphException">Always.</exception>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => throw new GraphException("an input has no forward: its tensor comes with the batch");
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
    /// <inheritdoc/>
    public override double Flops(Node node) => 0;
}
