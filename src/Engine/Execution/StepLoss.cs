using System.Runtime.InteropServices;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>Computes the loss of a step and the gradients of the outputs.</summary>
internal sealed class StepLoss(ExecutionPlan plan, IObjective objective)
{
    private bool hasFitted;
    private bool[]? turns; // seen at the first step: outputs of whose gradients the loss lays the dimensions in another order; the engine's own never do

    /// <summary>A loss that may still be on its way from a GPU.</summary>
    public readonly record struct Result(double Value, Tensor? Unread)
    {
        /// <summary>The number.</summary>
        public double Read() => Unread is null ? Value : Unread.item<double>();
    }

    /// <summary>Whether the last loss wrote its gradient over the output.</summary>
    public bool Overwrote { get; private set; }

    /// <summary>Asks before the first step whether the targets fit; later steps ask when they fail.</summary>
    /// <exception cref="UsageException">They do not.</exception>
    public void RequireFit(IReadOnlyList<Tensor> targets)
    {
        if (hasFitted) return;
        if (objective.Misfit(plan.Graph.Outputs, targets) is { } line) throw new UsageException(line);
        hasFitted = true;
    }

    /// <summary>The loss; afterwards the outputs have gradients.</summary>
    public Result Run(MicroBatch state, IReadOnlyList<Tensor> targets, double gradientScale)
    {
        try
        {
            Overwrote = plan.MayOverwrite && objective.MayOverwrite(state.Values.Find(plan.Graph.Output)!);
            return Overwrote ? new(OverOutput(state, targets[0], gradientScale), null)
                : ByAutograd(state, targets, gradientScale);
        }
        catch (Exception e) when (e is ExternalException or InvalidOperationException
            && objective.Misfit(plan.Graph.Outputs, targets) is { } line)
        {
            throw new UsageException(line);
        }
    }

    private Result ByAutograd(MicroBatch state, IReadOnlyList<Tensor> targets, double gradientScale)
    {
        using var scope = NewDisposeScope();
        var outputs = plan.Graph.Outputs;
        var leaves = outputs.Select(o => state.Values.Find(o)!.detach().requires_grad_(o.NeedsGradient)).ToArray();
        var (turned, asked) = (TurnedOutputs.Among(leaves), turns ?? Array.ConvertAll(leaves, leaf => objective.IsUsers() && TurnedOutputs.MayTurn(leaf)));
        var result = objective.Loss(leaves, targets);
        if (result.numel() != 1) throw new UsageException($"{objective.Called()} must give one number, got ({string.Join(", ", result.shape)})");
        for (var i = 0; i < leaves.Length; i++)
            if (plan.LetsGo[i])
            {
                state.Values.LetGo(leaves[i]);
                state.Values.Free(outputs[i].Id);
            }
        var laid = TurnedOutputs.Gradients(result, leaves, turned, gradientScale, asked);
        turns ??= Array.ConvertAll(laid, gradient => gradient is not null);
        if (result.requires_grad) Backward(result, gradientScale);
        for (var i = 0; i < leaves.Length; i++)
            if ((laid[i] ?? leaves[i].grad) is { } gradient) state.Gradients.Add(outputs[i], new SharedGradient(gradient.MoveToOuterDisposeScope()));
        var value = result.to_type(ScalarType.Float64);
        if (plan.Device.type == DeviceType.CPU) return new(value.item<double>(), null);
        // reading it would wait for the GPU in the middle of the step
        return new(double.NaN, value.detach().MoveToOuterDisposeScope());
    }

    private static void Backward(Tensor result, double gradientScale)
    {
        if (gradientScale == 1) result.backward();
        else
        {
            using var scale = Scalars.Of(gradientScale);
            autograd.backward([result], [full_like(result, scale)]);
        }
    }

    private double OverOutput(MicroBatch state, Tensor target, double gradientScale)
    {
        using var noGrad = no_grad();
        var output = plan.Graph.Output;
        var gradient = state.Values.Find(output)!.detach();
        var value = objective.LossOverOutput(gradient, target, gradientScale);
        state.Gradients.Add(output, new SharedGradient(gradient));
        state.Values.Free(output.Id);
        return value;
    }
}
