using Interactive.Runtime;

namespace Interactive.Training;

/// <summary>
/// LARS (You, Gitman and Ginsburg 2017, "Large Batch Training of Convolutional Networks", algorithm 1): gradient
/// descent with momentum whose rate follows, per parameter, the ratio of the parameter's norm to its gradient's.
/// </summary>
/// <param name="momentum">Share of the velocity that is kept; default 0.9.</param>
/// <param name="weightDecay">L2 penalty, added to the gradient; default 0.</param>
/// <param name="trust">Share of its norm that a parameter may move by at learning rate 1; default 0.001.</param>
public sealed class Lars(double momentum = 0.9, double weightDecay = 0, double trust = 0.001)
    : Optimizer(momentum, weightDecay)
{
    private readonly double trust = NotNegative(trust, "trust");

    /// <inheritdoc/>
    public override string Name => "lars";
    /// <inheritdoc/>
    public override bool IsElementWise => false;

    /// <inheritdoc/>
    protected override void Update(ParameterStep step)
    {
        double size = step.Parameter.norm().item<float>(),
            strength = step.Gradient.norm().item<float>() + step.WeightDecay * size;
        var rate = step.LearningRate * (size > 0 && strength > 0 ? trust * size / strength : 1);
        var direction = step.WeightDecay == 0 ? step.Gradient
            : InPlaceMath.Sum(step.Gradient, step.Parameter, step.WeightDecay);
        var velocity = StateOf(step, "momentum").Times(step.Momentum).Plus(direction, rate);
        step.Parameter.Plus(velocity, -1);
    }
}
