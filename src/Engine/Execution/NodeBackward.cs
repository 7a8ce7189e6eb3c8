using Interactive.Graphs;
using Interactive.Graphs.Ops;
using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>Runs nodes backward: by autograd, directly, or in two parts.</summary>
internal sealed class NodeBackward(LiveValues values, GradientFlow gradients)
{
    /// <summary>
    /// Adds to the gradients of a node's parameters, so that the input can go before its own gradient is made.
    /// </summary>
    /// <param name="state">The node.</param>
    /// <param name="way">As the op counts its ways.</param>
    /// <param name="ownWays">Whether they are known to have autograd's bits for this batch; else autograd's whole
    /// backward runs here.</param>
    public void Parameters(NodeState state, int way, bool ownWays)
    {
        var node = state.Node;
        if (gradients.Take(state) is not { } gradient) return;
        // a first gradient is handed over as it is
        if (!ownWays || !gradient.Tensor.is_contiguous() || !HaveGradients(node))
            state.InputGradient = Whole(state, gradient)[0];
        else
        {
            using var input = state.Leaves is { } leaves ? leaves[0].detach() : Read(state, 0, gradient.Tensor);
            ((IBackwardInParts)node.Op).AddParameterGradients(input, gradient.Tensor, way);
        }
        state.HasAddedGradients = true;
        gradients.PutBack(node.Output, gradient);
    }

    /// <summary>Makes the input's gradient alone, and keeps what <see cref="DeferredParameters"/> reads.</summary>
    /// <param name="state">The node.</param>
    /// <param name="way">As the op counts its ways.</param>
    /// <param name="ownWays">Whether they are known to have autograd's bits for this batch; else autograd's whole
    /// backward runs here.</param>
    public void Input(NodeState state, int way, bool ownWays)
    {
        var node = state.Node;
        if (!ownWays || gradients.Find(node.Output) is not { } arriving || !arriving.Tensor.is_contiguous()
            || !HaveGradients(node))
        {
            Run(state, 0);
            return;
        }
        var gradient = gradients.Take(state)!;
        var input = state.Leaves is { } leaves ? leaves[0].detach() : Read(state, 0, gradient.Tensor);
        if (node.Inputs[0].NeedsGradient)
            gradients.Add(node.Inputs[0], new SharedGradient(InputGradient(state, gradient.Tensor, way)));
        state.Finish();
        state.Deferred = (input, gradient);
        values.Drop(node.Output);
    }

    /// <summary>Adds to the gradients of the parameters what <see cref="Input"/> has put off.</summary>
    public static void DeferredParameters(NodeState state, int way)
    {
        if (state.Deferred is not var (input, gradient)) return; // autograd has made them
        ((IBackwardInParts)state.Node.Op).AddParameterGradients(input, gradient.Tensor, way);
        state.DropDeferred();
    }

    /// <summary>Runs a node backward, or what <see cref="Parameters"/> left of it.</summary>
    public void Run(NodeState state, int way)
    {
        var node = state.Node;
        if (gradients.Take(state) is { } gradient)
            if (node.Op.PassesGradientOn) gradients.PassOn(node, gradient);
            else Kernels(state, gradient, way);
        state.Finish();
        values.Drop(node.Output);
    }

    private void Kernels(NodeState state, SharedGradient gradient, int way)
    {
        var node = state.Node;
        if (state.Statistics is { } statistics && node.Op is IOverwritesGradient op && !gradient.IsShared
            && node.Inputs[0].NeedsGradient)
        {
            using (no_grad())
            using (var input = Read(state, 0, gradient.Tensor)) op.BackwardOver(input, gradient.Tensor, statistics);
            state.DropGraph();
            gradients.Add(node.Inputs[0], gradient);
            return;
        }
        var arriving = !state.HasAddedGradients ? Whole(state, gradient)
            : !node.Inputs[0].NeedsGradient ? [null]
            : [state.TakeInputGradient() ?? InputGradient(state, gradient.Tensor, way)];
        var isDirect = state.Statistics is not null || state.HasAddedGradients;
        var repeats = isDirect && node.Op is IDirect { RepeatsGradient: true };
        if (gradient.IsShared && isDirect && !repeats) OwnBytes(arriving, gradient.Tensor);
        var found = new SharedGradient?[arriving.Length];
        for (var i = 0; i < found.Length; i++)
            if (arriving[i] is { } tensor)
                found[i] = repeats ? gradient.Repeated(tensor)
                    : isDirect ? new SharedGradient(tensor)
                    : Among(tensor, [gradient, .. gradient.Results ?? [], .. found.AsSpan(0, i)]);
        gradient.Release();
        state.DropGraph();
        for (var i = 0; i < found.Length; i++)
            if (found[i] is { } shared) gradients.Add(node.Inputs[i], shared);
    }

    /// <summary>
    /// Parameters' and inputs' gradients; returns the latter, null for the graph's input and for what has none.
    /// </summary>
    private Tensor?[] Whole(NodeState state, SharedGradient gradient)
    {
        var node = state.Node;
        var arriving = new Tensor?[node.Inputs.Count];
        if (state.Statistics is { } statistics && node.Op is IDirect op)
            Directly(state, op, gradient.Tensor, statistics, arriving);
        else if (state.Results is { } results)
            return HandedOn(state, results,
            gradient.Results is { } each ? Array.ConvertAll(each, g => g?.Tensor)
            : ((AtenOp)node.Op).Split(gradient.Tensor));
        else if (state.Root is { requires_grad: true } root)
            return node.Op is Opaque ? Accumulated(state, root, gradient.Tensor)
            : HandedOn(state, [root], [gradient.Tensor]);
        return arriving;
    }

    /// <summary>
    /// By autograd, the inputs' gradients as it hands them from operator to operator: accumulating them in leaves would
    /// lay those anew that are not laid as the inputs are, and sums over them would have other bits.
    /// </summary>
    private static Tensor?[] HandedOn(NodeState state, Tensor[] roots, Tensor?[] gradients)
    {
        var reached = Enumerable.Range(0, roots.Length).Where(i => gradients[i] is not null && roots[i].requires_grad)
            .ToArray();
        var leaves = state.Leaves!;
        var parameters = state.Node.Op.Parameters.Where(p => p.requires_grad).DistinctBy(p => p.Identity()).ToArray();
        Tensor[] wanted = [.. leaves.Where(l => l.requires_grad), .. parameters];
        var found = autograd.grad([.. reached.Select(i => roots[i])], wanted, [.. reached.Select(i => gradients[i]!)],
            allow_unused: true);
        var arriving = new Tensor?[leaves.Length];
        var at = 0;
        for (var i = 0; i < leaves.Length; i++)
            if (leaves[i].requires_grad) arriving[i] = Given(found[at++]);
        using var noGrad = no_grad();
        foreach (var parameter in parameters)
            if (Given(found[at++]) is { } made) ParameterGradient.Add(parameter, made);
        return arriving;

        static Tensor? Given(Tensor? tensor) => tensor is null || tensor.IsInvalid ? null : tensor;
    }

    /// <summary>
    /// By autograd, whatever the module's backward reaches: what a checkpoint in it finds is not asked for by name.
    /// </summary>
    private static Tensor?[] Accumulated(NodeState state, Tensor root, Tensor gradient)
    {
        autograd.backward([root], [gradient]);
        return Array.ConvertAll(state.Leaves!, leaf => leaf.requires_grad ? leaf.grad : null);
    }

    // What autograd handed on as it came, or as a view of it, or to several inputs at once, is nobody's to write.
    private static SharedGradient Among(Tensor tensor, ReadOnlySpan<SharedGradient?> others)
    {
        foreach (var other in others)
            if (other is not null && NativeValue.StorageOf(tensor) == NativeValue.StorageOf(other.Tensor))
                return other.Repeated(tensor);
        return new SharedGradient(tensor);
    }

    private void Directly(NodeState state, IDirect op, Tensor gradient, Tensor[] statistics, Tensor?[] arriving)
    {
        using var noGrad = no_grad();
        var inputs = new Tensor[arriving.Length];
        var wants = new bool[arriving.Length];
        for (var i = 0; i < inputs.Length; i++)
        {
            inputs[i] = Read(state, i, gradient);
            wants[i] = state.Node.Inputs[i].NeedsGradient;
        }
        op.Backward(inputs, gradient, statistics, wants, arriving);
        foreach (var input in inputs) input.Dispose();
    }

    /// <summary>
    /// Copies what lies in the bytes of a gradient that others wait for: the backward of a view hands on a view.
    /// </summary>
    private static unsafe void OwnBytes(Tensor?[] arriving, Tensor shared)
    {
        var from = (byte*)ElementKernels.Data(shared);
        var to = from + shared.numel() * shared.element_size();
        for (var i = 0; i < arriving.Length; i++)
            if (arriving[i] is { } tensor && (byte*)ElementKernels.Data(tensor) is var data && data >= from
                && data < to)
            {
                arriving[i] = tensor.clone();
                tensor.Dispose();
            }
    }

    /// <summary>What the backward of a direct op is given for an input.</summary>
    private Tensor Read(NodeState state, int index, Tensor gradient)
    {
        var (node, input) = (state.Node, state.Node.Inputs[index]);
        // its bytes may have gone
        if (!state.Saved.Input(index) && !input.IsFixed)
            return LaidTensor.Made(input.Shape.WithBatch(gradient.shape[0]), input.Format,
                shape => BlankTensor.Of(shape, gradient.device, input.Type));
        return values.IsInPieces(input) ? values.Joined(input) : values.Of(input, node).alias();
    }

    private static bool HaveGradients(Node node)
    {
        foreach (var parameter in node.Op.Parameters)
            if (parameter.requires_grad)
            {
                using var gradient = parameter.grad;
                if (gradient is null) return false;
            }
        return true;
    }

    private static Tensor InputGradient(NodeState state, Tensor gradient, int way)
    {
        // the input may have been freed
        using var like = BlankTensor.Of(state.Node.Inputs[0].Shape.WithBatch(gradient.shape[0]), gradient.device,
            gradient.dtype);
        return ((IBackwardInParts)state.Node.Op).InputGradient(like, gradient, way);
    }
}
