using Interactive.Runtime;

namespace Interactive.Training;

/// <summary>RMSprop (Tieleman and Hinton 2012): <c>torch.optim.RMSprop</c>.</summary>
/// <param name="decay">Decay of the mean of squared gradients; default 0.99.</param>
/// <param name="epsilon">Added to the root of the squares; default 1e-8.</param>
/// <param name="momentum">Share of the velocity that is kept; default 0.</param>
/// <param name="weightDecay">L2 penalty, added to the gradient; default 0.</param>
/// <param name="centered">Divide by the variance (Graves 2013) and not by the mean square; default false.</param>
public sealed class RmsProp(double decay = 0.99, double epsilon = 1e-8, double momentum = 0, double weightDecay = 0,
    bool centered = false) : Optimizer(momentum, weightDecay)
{
    private readonly double decay = In01(decay, "decay"), epsilon = NotNegative(epsilon, "epsilon");

    /// <inheritdoc/>
    public override string Name => "rmsprop";

    /// <inheritdoc/>
    protected override void Update(ParameterStep step)
    {
        var gradient = step.WeightDecay == 0 ? step.Gradient
            : InPlaceMath.Sum(step.Gradient, step.Parameter, step.WeightDecay);
        var square = StateOf(step, "square").Times(decay).PlusProduct(gradient, gradient, 1 - decay);
        if (centered)
        {
            var mean = StateOf(step, "mean").Times(decay).Plus(gradient, 1 - decay);
            square = square.clone().PlusProduct(mean, mean, -1);
        }
        var divisor = square.sqrt().Plus(epsilon);
        if (step.Momentum == 0) step.Parameter.PlusQuotient(gradient, divisor, -step.LearningRate);
        else step.Parameter.Plus(StateOf(step, "momentum").Times(step.Momentum).PlusQuotient(gradient, divisor),
            -step.LearningRate);
    }
}
