using Interactive.Runtime;

namespace Interactive.Training;

/// <summary>
/// Stochastic gradient descent with momentum (heavy ball, or Nesterov's) and L2 weight decay: <c>torch.optim.SGD</c>.
/// </summary>
/// <param name="momentum">Share of the velocity that is kept; default 0.9.</param>
/// <param name="weightDecay">L2 penalty, added to the gradient; default 0.</param>
/// <param name="nesterov">Steps by the gradient at the place that the velocity leads to; default false.</param>
/// <param name="dampening">Share of the gradient that does not enter the velocity; default 0.</param>
public sealed class Sgd(double momentum = 0.9, double weightDecay = 0, bool nesterov = false, double dampening = 0)
    : Optimizer(momentum, weightDecay)
{
    private readonly bool nesterov = nesterov && (momentum == 0 || dampening != 0)
        ? throw new UsageException("nesterov needs a momentum and no dampening") : nesterov;

    /// <inheritdoc/>
    public override string Name => "sgd";

    /// <inheritdoc/>
    protected override void Update(ParameterStep step)
    {
        var direction = step.WeightDecay == 0 ? step.Gradient
            : InPlaceMath.Sum(step.Gradient, step.Parameter, step.WeightDecay);
        if (step.Momentum != 0)
        {
            var velocity = StateOf(step, "momentum");
            velocity.Times(step.Momentum).Plus(direction, step.Count == 1 ? 1 : 1 - dampening);
            direction = nesterov ? InPlaceMath.Sum(direction, velocity, step.Momentum) : velocity;
        }
        step.Parameter.Plus(direction, -step.LearningRate);
    }
}
