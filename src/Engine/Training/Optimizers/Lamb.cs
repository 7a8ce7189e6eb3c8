using Interactive.Runtime;

namespace Interactive.Training;

/// <summary>
/// LAMB (You and others 2019, "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", algorithm 2):
/// Adam's step, scaled per parameter to the parameter's norm.
/// </summary>
/// <param name="beta1">Decay of the mean of gradients; default 0.9. A group's momentum takes its place.</param>
/// <param name="beta2">Decay of the mean of their squares; default 0.999.</param>
/// <param name="epsilon">Added to the root of the squares; default 1e-6.</param>
/// <param name="weightDecay">Decoupled weight decay, added to the step before it is scaled; default 0.01.</param>
public sealed class Lamb(double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-6, double weightDecay = 0.01)
    : Optimizer(beta1, weightDecay)
{
    private readonly double beta2 = In01(beta2, "beta2"), epsilon = NotNegative(epsilon, "epsilon");

    /// <inheritdoc/>
    public override string Name => "lamb";
    /// <inheritdoc/>
    public override bool IsElementWise => false;

    /// <inheritdoc/>
    protected override void Update(ParameterStep step)
    {
        var mean = StateOf(step, "mean").Times(step.Momentum).Plus(step.Gradient, 1 - step.Momentum);
        var square = StateOf(step, "square").Times(beta2).PlusProduct(step.Gradient, step.Gradient, 1 - beta2);
        var divisor = square.clone().Over(1 - Math.Pow(beta2, step.Count)).sqrt().Plus(epsilon);
        var update = mean.clone().Over(1 - Math.Pow(step.Momentum, step.Count)).div_(divisor);
        if (step.WeightDecay != 0) update.Plus(step.Parameter, step.WeightDecay);
        double size = step.Parameter.norm().item<float>(), strength = update.norm().item<float>();
        step.Parameter.Plus(update, -step.LearningRate * (size > 0 && strength > 0 ? size / strength : 1));
    }
}
