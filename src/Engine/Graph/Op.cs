using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>How a node is being run.</summary>
/// <param name="Training">Batch norm uses batch statistics, dropout drops.</param>
/// <param name="Recompute">The second run of a forward: running statistics must stay as they are.</param>
/// <param name="InPlace">The op may overwrite its own intermediate results; it must never overwrite an input.</param>
public readonly record struct RunMode(bool Training, bool Recompute = false, bool InPlace = false);

/// <summary>
/// What an op's autograd graph keeps from forward to backward. Over-declaring lengthens lives; under-declaring breaks
/// gradients, so a test compares each op's declaration with what libtorch is seen to hold.
/// </summary>
/// <param name="Inputs">Bit i: backward reads input i's data.</param>
/// <param name="Output">Backward reads the output's data.</param>
/// <param name="ExtraBytes">Bytes it keeps besides (statistics, indices, masks), as a function of the batch.</param>
public readonly record struct Saved(uint Inputs, bool Output = false, Func<long, long>? ExtraBytes = null)
{
    /// <summary>True when backward reads input <paramref name="index"/>.</summary>
    public bool Input(int index) => (Inputs >> index & 1) != 0;
    /// <summary>Bytes besides inputs and output.</summary>
    public long Extra(long batch) => ExtraBytes?.Invoke(batch) ?? 0;
}

/// <summary>
/// An operation: shape inference, the forward computation, and what backward needs. Ops with weights wrap TorchSharp's
/// own module, so a user's module and its graph share parameters. An op belongs to one node (two nodes may wrap one
/// module: tied weights).
/// </summary>
public abstract class Op
{
    /// <summary>The field's name for it, such as <c>conv2d</c>.</summary>
    public abstract string Kind { get; }
    /// <summary>The module that owns parameters and buffers, or null.</summary>
    public virtual nn.Module? Module => null;
    /// <summary>Trainable and frozen parameters, in the module's order.</summary>
    public IEnumerable<TorchSharp.Modules.Parameter> Parameters => Module?.parameters() ?? [];
    /// <summary>The output's shape and type for these inputs.</summary>
    /// <exception cref="GraphException">The inputs do not fit; the message says expected and got, without the node's name.</exception>
    public abstract (Shape Shape, ScalarType Type) Infer(IReadOnlyList<Value> inputs);
    /// <summary>Computes the output. Gradients flow when autograd is on; the result is a new tensor owned by the caller.</summary>
    public abstract Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode);
    /// <summary>What backward needs of a forward over these values.</summary>
    public abstract Saved Saves(Node node);
    /// <summary>True for dropout: a second run must start from the same generator state.</summary>
    public virtual bool IsRandom => false;
    /// <summary>Cheap to run again next to a convolution or matrix product (batch norm, activations, pooling, add).</summary>
    public virtual bool IsCheap => true;
    /// <summary>Floating-point operations of one forward of one sample (a multiply-add counts two).</summary>
    public virtual double Flops(Node node) => node.Output.Shape.Elements;
}
