using Interactive.Runtime;

namespace Interactive.Training;

/// <summary>Adagrad (Duchi, Hazan and Singer 2011): <c>torch.optim.Adagrad</c>.</summary>
/// <param name="learningRateDecay">The rate is divided by 1 + this times the steps before; default 0.</param>
/// <param name="epsilon">Added to the root of the sum of squares; default 1e-10.</param>
/// <param name="weightDecay">L2 penalty, added to the gradient; default 0.</param>
/// <param name="initialSum">Where the sum of squares begins; default 0.</param>
public sealed class Adagrad(double learningRateDecay = 0, double epsilon = 1e-10, double weightDecay = 0,
    double initialSum = 0) : Optimizer(null, weightDecay)
{
    private readonly double learningRateDecay = NotNegative(learningRateDecay, "learning-rate decay"),
        epsilon = NotNegative(epsilon, "epsilon"),
        initialSum = NotNegative(initialSum, "initial sum");

    /// <inheritdoc/>
    public override string Name => "adagrad";

    /// <inheritdoc/>
    protected override void Update(ParameterStep step)
    {
        var gradient = step.WeightDecay == 0 ? step.Gradient
            : InPlaceMath.Sum(step.Gradient, step.Parameter, step.WeightDecay);
        var sum = StateOf(step, "sum", initialSum).PlusProduct(gradient, gradient);
        step.Parameter.PlusQuotient(gradient, sum.sqrt().Plus(epsilon),
            -step.LearningRate / (1 + (step.Count - 1) * learningRateDecay));
    }
}
