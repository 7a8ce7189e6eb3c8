using Interactive.Graphs;
using Interactive.Memory;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>The gradients of a step's values, each summed over the consumers that have run backward so far.</summary>
internal sealed class GradientFlow(LiveValues values, int count)
{
    private readonly SharedGradient?[] gradients = new SharedGradient?[count + 1];

    /// <summary>Adds what one consumer found to the gradient of a value.</summary>
    public void Add(Value value, SharedGradient arriving)
        => gradients[value.Id] = gradients[value.Id] is { } sum ? sum.Add(arriving) : arriving;

    /// <summary>The gradient of a value as far as it has come, or null.</summary>
    public SharedGradient? Find(Value value) => gradients[value.Id];

    /// <summary>Gives back what was taken.</summary>
    public void PutBack(Value value, SharedGradient gradient) => gradients[value.Id] = gradient;

    /// <summary>
    /// Takes the gradient of a node's output, or null where none has come, masked, and in bytes of its own where
    /// kernels are to read it; the output itself is read by nobody any more.
    /// </summary>
    public SharedGradient? Take(NodeState state)
    {
        var node = state.Node;
        if (gradients[node.Output.Id] is not { } gradient) return null;
        gradients[node.Output.Id] = null;
        var output = values.Find(node.Output);
        var isThere = values.Has(node.Output);
        if (node.Op.Rectifies && !state.HasAddedGradients)
            gradient = output is not null ? gradient.Masked(output) : MaskedByInput(state, gradient);
        else if (gradient.IsPart && !node.Op.PassesGradientOn) gradient = gradient.Copied();
        // libtorch would, and hold both meanwhile
        else if (node.Op is Graphs.Ops.Conv2d convolution && !LaidTensor.Lies(gradient.Tensor, node.Output.Format)
            && convolution.RunsInOneDnn(gradient.Tensor, node.Inputs[0].Shape))
            gradient = gradient.Laid(node.Output.Format);
        if (isThere) values.Free(node.Output.Id);
        return gradient;
    }

    private SharedGradient MaskedByInput(NodeState state, SharedGradient gradient)
    {
        var node = state.Node;
        if (state.Saved.Output || node.Op is not IReapplied op)
            throw new InvalidOperationException($"the schedule runs the backward of {node.Name} after freeing its output");
        if (state.Statistics is { } statistics)
            return gradient.Masked(LaidTensor.Lies(gradient.Tensor, node.Output.Format),
                () => LaidTensor.Made(gradient.Tensor.shape, node.Output.Format,
                    shape => empty(shape, gradient.Tensor.dtype, gradient.Tensor.device)),
                (arriving, result) => op.Mask(values.Pieces(node.Inputs[0], node), arriving, statistics, result));
        // autograd has recorded an input that the kernels do not take: the output once more
        using var noGrad = no_grad();
        using var output = node.Op.Forward([values.Of(node.Inputs[0], node)],
            new RunMode(state.Training, Recompute: true));
        return gradient.Masked(output);
    }

    /// <summary>Hands the gradient of a sum, a view or a join on to its inputs.</summary>
    public void PassOn(Node node, SharedGradient gradient)
    {
        if (node.Op.SumWeights is { } weights) PassSum(node, gradient, weights);
        else if (node.Op.IsView) PassView(node, gradient);
        else PassParts(node, gradient);
        gradient.Release();
    }

    private void PassSum(Node node, SharedGradient gradient, IReadOnlyList<double> weights)
    {
        for (var i = 0; i < weights.Count; i++)
            if (node.Inputs[i].NeedsGradient)
                Add(node.Inputs[i],
                    weights[i] == 1 ? gradient.Share() : new SharedGradient(gradient.Tensor.mul(weights[i])));
    }

    private void PassView(Node node, SharedGradient gradient)
    {
        if (!node.Inputs[0].NeedsGradient) return;
        if (node.Op is Graphs.Ops.PackedResult result)
        {
            ref var all = ref gradients[node.Inputs[0].Id];
            all ??= new SharedGradient(empty(0, gradient.Tensor.dtype,
                device: gradient.Tensor.device))
            { Results = new SharedGradient?[result.Count] };
            all.Results![result.Index] = gradient.Share();
            return;
        }
        var sizes = Sizes(node, gradient.Tensor);
        if (gradient.IsRepetition && node.Op.ViewsAll)
        {
            Add(node.Inputs[0], gradient.Repeated(node.Op.ViewBackward(gradient.Tensor, sizes)));
            return;
        }
        using var own = gradient.IsShared && node.Op.ViewsAll ? gradient.Tensor.clone() : gradient.Tensor.alias();
        Add(node.Inputs[0], new SharedGradient(node.Op.ViewBackward(own, sizes)));
    }

    private static long[] Sizes(Node view, Tensor output)
    {
        var at = Enumerable.Range(0, view.Output.Extents.Count)
            .FirstOrDefault(i => view.Output.Extents[i].PerSample != 0, -1);
        var batch = at < 0 ? 0 : view.Output.Extents[at].BatchFor(output.shape[at]);
        return [.. view.Inputs[0].Extents.Select(e => e.At(batch))];
    }

    private void PassParts(Node node, SharedGradient gradient)
    {
        var from = 0L;
        for (var i = 0; i < node.Inputs.Count; i++)
        {
            var count = node.Inputs[i].Shape[0];
            if (node.Inputs[i].NeedsGradient)
            {
                if (gradient.IsRepetition)
                    Add(node.Inputs[i], gradient.Repeated(gradient.Tensor.narrow(1, from, count)));
                else
                {
                    var part = gradient.Part(from, count);
                    Add(node.Inputs[i], ConcatGradients.AreHandedOn(node, i) ? part : part.Copied());
                }
            }
            from += count;
        }
    }

    /// <summary>Takes the gradient of one of the graph's inputs in bytes of its own, or null where none came.</summary>
    public Tensor? TakeInput(Value input)
    {
        if (gradients[input.Id] is not { } gradient) return null;
        gradients[input.Id] = null;
        return gradient.IsShared ? gradient.Copied().Tensor : gradient.Tensor;
    }

    /// <summary>Lets go of what nobody took.</summary>
    public void Clear()
    {
        foreach (var gradient in gradients) gradient?.Release();
        Array.Clear(gradients);
    }
}
