using System.Collections.ObjectModel;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>How a node is being run.</summary>
/// <param name="Training">Batch norm uses batch statistics, dropout drops: the op's own mode
/// (<see cref="Op.IsTraining"/>).</param>
/// <param name="Recompute">The second run of a forward: running statistics must stay as they are.</param>
/// <param name="Masked">
/// The rectifier of a rectified op is applied to the bytes behind autograd's back: the caller masks the gradient by the
/// output, and the op's own graph need not save it.
/// </param>
public readonly record struct RunMode(bool Training, bool Recompute = false, bool Masked = false);

/// <summary>
/// What an op's autograd graph keeps from forward to backward. Over-declaring lengthens lives; under-declaring breaks
/// gradients, so a test compares each op's declaration with what libtorch is seen to hold.
/// </summary>
/// <param name="Inputs">Bit i: backward reads input i's data.</param>
/// <param name="Output">Backward reads the output's data.</param>
/// <param name="ExtraBytes">Bytes it keeps besides (statistics, indices, masks), as a function of the batch.</param>
/// <param name="Swappable">
/// The saved inputs are the very tensors that went in, so that their bytes can be taken away and given back. False when
/// autograd keeps views of them: such a node's graph must be dropped whole.
/// </param>
public readonly record struct Saved(uint Inputs, bool Output = false, Func<long, long>? ExtraBytes = null,
    bool Swappable = true)
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
    /// <summary>
    /// What defines it besides its inputs and the values of its weights, by the field's names (<c>stride</c>,
    /// <c>heads</c>): whole numbers, numbers, booleans and lists of whole numbers, for tools that rebuild or describe a
    /// net.
    /// </summary>
    public virtual IReadOnlyDictionary<string, object> Attributes => ReadOnlyDictionary<string, object>.Empty;
    /// <summary>The module that owns parameters and buffers, or null.</summary>
    public virtual nn.Module? Module => null;
    /// <summary>Trainable and frozen parameters, in the module's order.</summary>
    public virtual IEnumerable<TorchSharp.Modules.Parameter> Parameters => Module?.parameters() ?? [];
    /// <summary>What it reads besides parameters and its inputs: running statistics, counters.</summary>
    internal virtual IEnumerable<Tensor> Buffers => Module?.buffers() ?? [];
    /// <summary>Those of <see cref="Buffers"/> that a step may move.</summary>
    internal virtual IEnumerable<Tensor> Moved => Buffers;
    /// <summary>The output's shape and type for these inputs.</summary>
    /// <exception cref="GraphException">The inputs do not fit; the message says expected and got, without the node's
    /// name.</exception>
    public abstract (Shape Shape, ScalarType Type) Infer(IReadOnlyList<Value> inputs);
    /// <summary>
    /// All sizes of the output, of which <see cref="Infer"/> gives those of a sample. By default the first one is that
    /// of the first input that has samples, and the others follow.
    /// </summary>
    public virtual IReadOnlyList<Extent> Extents(IReadOnlyList<Value> inputs, Shape output)
        => IsBatched ? [inputs.FirstOrDefault(v => v.IsRows)?.Extents[0] ?? Extent.Batch, .. output.ToArray()]
        : [.. output.ToArray()];
    /// <summary>
    /// Computes the output. Gradients flow when autograd is on; the result is a new tensor owned by the caller.
    /// </summary>
    public abstract Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode);
    /// <summary>What backward needs of a forward over these values.</summary>
    public abstract Saved Saves(Node node);
    /// <summary>
    /// The same op with a rectifier applied in place to its result, or null where there is no such pair.
    /// </summary>
    public virtual Op? WithRelu() => null;
    /// <summary>False where autograd ends: the result has no gradient, whatever it was made of, as of <c>detach</c>.</summary>
    public virtual bool IsDifferentiable => true;
    /// <summary>True for dropout: a second run must start from the same generator state.</summary>
    public virtual bool IsRandom => false;
    /// <summary>The output shares the input's bytes.</summary>
    public virtual bool IsView => false;
    /// <summary>
    /// A view that shows each number of the input exactly once, so that its gradient is a view as well.
    /// </summary>
    public virtual bool ViewsAll => IsView;
    /// <summary>
    /// The gradient of a view's input: a view of that of the output where it <see cref="ViewsAll"/>, else new bytes.
    /// </summary>
    /// <param name="gradient">Of the output.</param>
    /// <param name="shape">The input's sizes.</param>
    public virtual Tensor ViewBackward(Tensor gradient, long[] shape) => gradient.reshape(shape);
    /// <summary>
    /// The result passes through a rectifier, whose gradient is masked by the output. See <see cref="RunMode.Masked"/>.
    /// </summary>
    public virtual bool Rectifies => false;
    /// <summary>
    /// For a weighted sum of the inputs: the weights. Backward passes the gradient on, times the weight, and needs no
    /// autograd graph. Null for any other op.
    /// </summary>
    public virtual IReadOnlyList<double>? SumWeights => null;
    /// <summary>
    /// The op lays its inputs one behind the other along the first dimension after the batch, and backward hands each
    /// its part of the gradient.
    /// </summary>
    public virtual bool IsJoin => false;
    /// <summary>Backward only passes the gradient on and needs no autograd graph: sums, views, joins.</summary>
    public bool PassesGradientOn => SumWeights is not null || IsView || IsJoin;
    /// <summary>
    /// An op without inputs whose result's bytes are not the step's: an input of the batch, or a tensor that the op
    /// holds. Such a value is always there and costs nothing; <see cref="Forward"/> hands out an alias.
    /// </summary>
    public virtual bool IsFixed => false;
    /// <summary>
    /// The result has a first dimension of samples; false for a constant, whose shape is the tensor's own.
    /// </summary>
    public virtual bool IsBatched => true;
    /// <summary>It computes something else in evaluation mode: batch norm, dropout.</summary>
    public virtual bool HasModes => false;
    /// <summary>
    /// Whether it runs in training mode in a net that does: a module that was set to <c>eval()</c> does not.
    /// </summary>
    /// <param name="net">The net's own mode.</param>
    public virtual bool IsTraining(bool net) => Module?.training ?? net;
    /// <summary>
    /// Cheap to run again next to a convolution or matrix product (batch norm, activations, pooling, add).
    /// </summary>
    public virtual bool IsCheap => true;
    /// <summary>
    /// The fewest samples of a pass in training: 2 where a mean over samples needs more than one number.
    /// </summary>
    /// <param name="node">The op in its net.</param>
    /// <param name="training">The op's own mode (<see cref="IsTraining"/>).</param>
    public virtual int LeastSamples(Node node, bool training) => 1;
    /// <summary>
    /// The most bytes that kernels ask for besides inputs, results, what is saved and the gradients of inputs and
    /// parameters: in forward, and in backward. From shapes, for where nothing can be measured.
    /// </summary>
    public virtual (long Forward, long Backward) Workspace(Node node, long batch) => (0, 0);
    /// <summary>
    /// Its <see cref="Module"/> is asked in each run, so that a number changed there counts; else such a change is told.
    /// </summary>
    internal virtual bool FollowsModule => true;
    /// <summary>
    /// It runs other kernels, with other last bits, where autograd records: a step runs it so whether or not a graph is
    /// kept.
    /// </summary>
    internal virtual bool AsksForRecording => false;
    /// <summary>
    /// Its ranks talk to one another in forward and backward, or count on being at the same place: a plan keeps the
    /// result for as long as something may read it and never runs it a second time.
    /// </summary>
    internal virtual bool RunsOnce => false;
    /// <summary>
    /// Backward makes the gradient of one parameter after the other, adds it to what was accumulated and lets it go, before it
    /// makes that of the input.
    /// </summary>
    internal virtual bool GradientsInTurn => false;

    /// <summary>
    /// Bytes that this rank sends to the others in a forward of a batch, and in a backward that makes the input's
    /// gradient.
    /// </summary>
    internal virtual (long Forward, long Backward) SentBytes(Node node, long batch) => (0, 0);
    /// <summary>Floating-point operations of one forward of one sample (a multiply-add counts two).</summary>
    public virtual double Flops(Node node) => node.Output.Shape.Elements;

    /// <summary>Applies the rectifier to a fresh tensor, overwriting it.</summary>
    protected static Tensor ReluInPlace(Tensor fresh, RunMode mode)
    {
        if (mode.Masked) Runtime.Kernels.ElementKernels.Rectify(fresh);
        else fresh.relu_();
        return fresh;
    }

    /// <summary>Fails unless an input has <paramref name="rank"/> dimensions besides the batch.</summary>
    protected static void RequireRank(Value input, int rank, string layout)
    {
        if (input.Shape.Rank != rank) throw new GraphException($"expects {layout}, got {input.Shape}");
    }
}
