using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>Adam with Nesterov's momentum (Dozat 2016): <c>torch.optim.NAdam</c>.</summary>
/// <param name="beta1">Decay of the mean of gradients; default 0.9. A group's momentum takes its place.</param>
/// <param name="beta2">Decay of the mean of their squares; default 0.999.</param>
/// <param name="epsilon">Added to the root of the squares; default 1e-8.</param>
/// <param name="weightDecay">L2 penalty, added to the gradient; default 0.</param>
/// <param name="momentumDecay">How fast the momentum rises to its full value; default 0.004.</param>
public sealed class NAdam(double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0,
    double momentumDecay = 0.004) : Optimizer(beta1, weightDecay)
{
    private readonly double beta2 = In01(beta2, "beta2"), epsilon = NotNegative(epsilon, "epsilon"),
        momentumDecay = NotNegative(momentumDecay, "momentum decay");
    // of the momenta of the steps so far, by beta1: the original's are fp32
    private readonly Dictionary<double, List<float>> products = [];

    /// <inheritdoc/>
    public override string Name => "nadam";

    /// <inheritdoc/>
    protected override void Update(ParameterStep step)
    {
        var gradient = step.WeightDecay == 0 ? step.Gradient
            : InPlaceMath.Sum(step.Gradient, step.Parameter, step.WeightDecay);
        var (now, next) = (MomentumAt(step.Momentum, step.Count), MomentumAt(step.Momentum, step.Count + 1));
        var product = Product(step.Momentum, step.Count);
        var mean = StateOf(step, "mean").Times(step.Momentum).Plus(gradient, 1 - step.Momentum);
        var square = StateOf(step, "square").Times(beta2).PlusProduct(gradient, gradient, 1 - beta2);
        var divisor = square.clone().Over(1 - Math.Pow(beta2, step.Count)).sqrt().Plus(epsilon);
        step.Parameter.PlusQuotient(gradient, divisor, -step.LearningRate * (1 - now) / (1 - product));
        step.Parameter.PlusQuotient(mean, divisor,
            -step.LearningRate * next / (1 - (float)((float)(product * now) * next)));
    }

    private double MomentumAt(double beta1, long step) => beta1 * (1 - 0.5 * Math.Pow(0.96, step * momentumDecay));

    private float Product(double beta1, long step)
    {
        if (!products.TryGetValue(beta1, out var known)) products[beta1] = known = [1];
        while (known.Count <= step) known.Add((float)(known[^1] * MomentumAt(beta1, known.Count)));
        return known[(int)step];
    }
}
