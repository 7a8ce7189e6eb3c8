using System.Runtime.InteropServices;
using Interactive.Graphs;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// One micro-batch between its forward and its backward. Several may be in flight at once. For loops that compute the
/// gradients of the outputs themselves:
/// <code>using var step = executor.Forward(x);
/// using var loss = nn.functional.mse_loss(step.Outputs[0], y);
/// loss.backward();
/// step.Backward();</code>
/// </summary>
public sealed class StepState : IDisposable
{
    private readonly Executor owner;
    private readonly Graph graph;
    private readonly long samples;
    private static long made;
    private readonly long moves;
    private MicroBatch? flight;

    /// <summary>Counts forwards: autograd runs the last one backward first.</summary>
    internal long Number { get; } = Interlocked.Increment(ref made);

    internal StepState(Executor owner, Graph graph, MicroBatch flight, long samples)
    {
        (this.owner, this.graph, this.flight, this.samples, moves) = (owner, graph, flight, samples, owner.Moves);
        Outputs = flight.Keep();
    }

    /// <summary>
    /// The graph's outputs, detached, requiring gradients where something before them is trained: leaves for a loss of one's own. They
    /// go with this object. The gradient that a loss leaves in the <c>grad</c> of one that is no contiguous tensor is laid anew: for
    /// plain autograd's bits hand in <c>autograd.grad</c>'s, as the trainer and <c>LoopModel.Backward(loss, …)</c> do.
    /// </summary>
    public IReadOnlyList<Tensor> Outputs { get; }

    /// <summary>
    /// Runs backward from gradients of the outputs, once. Gradients of the parameters are added to their <c>grad</c>;
    /// what the plan dropped is made again.
    /// </summary>
    /// <param name="outputGradients">One an output, null where none came; default: what the backward of a loss left in
    /// the <c>grad</c> of <see cref="Outputs"/>. They stay the caller's.</param>
    /// <returns>The gradients of the graph's inputs, null where there is none: all, unless
    /// <see cref="Graph.InputGradients"/> is set. The caller disposes them.</returns>
    /// <exception cref="UsageException">Backward has run, or the gradients do not fit the outputs, or there are none.</exception>
    /// <exception cref="OutOfMemoryException">There was no memory for a tensor.</exception>
    public IReadOnlyList<Tensor?> Backward(IReadOnlyList<Tensor?>? outputGradients = null)
    {
        if (flight is not { } state) throw new UsageException("each forward has one backward, which has run");
        if (owner.Moves != moves) throw new UsageException($"{graph.Name} has made a step since this forward, and backward would mix the weights of before and after: run it forward again");
        using var scope = NewDisposeScope();
        try
        {
            var given = outputGradients ?? [.. Outputs.Select(o => o.grad)];
            if (given.Count != Outputs.Count)
                throw new UsageException($"{graph.Name} has {Outputs.Count} outputs, got {given.Count} gradients");
            if (given.All(g => g is null) && graph.Outputs.Any(o => o.NeedsGradient))
                throw new UsageException($"no output of {graph.Name} has a gradient: the loss does not depend on this forward, or its backward() has not run");
            for (var i = 0; i < given.Count; i++)
                if (given[i] is { } gradient) Give(graph.Outputs[i], Outputs[i], gradient);
            return owner.Explaining<IReadOnlyList<Tensor?>>("a backward", samples, () =>
            {
                state.RunBackward();
                return [.. graph.Inputs.Select(v => state.Gradients.TakeInput(v)?.MoveToOuterDisposeScope())];
            });
        }
        finally { Return(); }
    }

    private void Give(Value output, Tensor value, Tensor gradient)
    {
        if (!gradient.shape.SequenceEqual(value.shape) || gradient.dtype != value.dtype)
            throw new UsageException($"the gradient of {output.Name} must be ({string.Join(", ", value.shape)}) {value.dtype}, got ({string.Join(", ", gradient.shape)}) {gradient.dtype}");
        if (!output.NeedsGradient) return;
        var detached = gradient.detach();
        flight!.Gradients.Add(output, detached.is_contiguous() ? new SharedGradient(detached).Share() : new SharedGradient(detached.clone())); // as it lies; the caller's is not written over
    }

    private void Return()
    {
        if (flight is not null) owner.Return(flight);
        flight = null;
    }

    /// <summary>Gives up what is in flight, and disposes the outputs.</summary>
    public void Dispose()
    {
        Return();
        foreach (var output in Outputs) output.Dispose();
    }
}
