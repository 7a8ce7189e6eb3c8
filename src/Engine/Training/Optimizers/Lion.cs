using Interactive.Runtime;

namespace Interactive.Training;

/// <summary>
/// Lion (Chen and others 2023, "Symbolic Discovery of Optimization Algorithms", algorithm 2): every element moves by
/// the learning rate, in the direction of the sign of a mean of gradients. It wants a smaller rate and a greater decay
/// than AdamW.
/// </summary>
/// <param name="beta1">Weight of the mean of gradients in the direction; default 0.9. A group's momentum takes its
/// place.</param>
/// <param name="beta2">Decay of the mean of gradients; default 0.99.</param>
/// <param name="weightDecay">Decoupled weight decay; default 0.</param>
public sealed class Lion(double beta1 = 0.9, double beta2 = 0.99, double weightDecay = 0)
    : Optimizer(beta1, weightDecay)
{
    private readonly double beta2 = In01(beta2, "beta2");

    /// <inheritdoc/>
    public override string Name => "lion";

    /// <inheritdoc/>
    protected override void Update(ParameterStep step)
    {
        var mean = StateOf(step, "mean");
        if (step.WeightDecay != 0) step.Parameter.Times(1 - step.LearningRate * step.WeightDecay);
        step.Parameter.Plus(mean.clone().Times(step.Momentum).Plus(step.Gradient, 1 - step.Momentum).sign_(),
            -step.LearningRate);
        mean.Times(beta2).Plus(step.Gradient, 1 - beta2);
    }
}
