using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>Adam (Kingma and Ba 2014): <c>torch.optim.Adam</c>. With decoupled weight decay it is <see cref="AdamW"/>.</summary>
/// <param name="beta1">Decay of the mean of gradients; default 0.9. A group's momentum takes its place.</param>
/// <param name="beta2">Decay of the mean of their squares; default 0.999.</param>
/// <param name="epsilon">Added to the root of the squares; default 1e-8.</param>
/// <param name="weightDecay">L2 penalty, added to the gradient, or decoupled decay; default 0.</param>
/// <param name="decoupled">Decay the parameter itself and not by way of the gradient; default false.</param>
/// <param name="amsgrad">Divide by the greatest mean of squares so far (Reddi, Kale and Kumar 2018); default false.</param>
public class Adam(double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0, bool decoupled = false, bool amsgrad = false)
    : Optimizer(beta1, weightDecay)
{
    private readonly double beta2 = In01(beta2, "beta2"), epsilon = NotNegative(epsilon, "epsilon");

    /// <inheritdoc/>
    public override string Name => decoupled ? "adamw" : "adam";

    /// <inheritdoc/>
    protected override void Update(ParameterStep step)
    {
        var gradient = step.Gradient;
        if (decoupled) step.Parameter.Times(1 - step.LearningRate * step.WeightDecay);
        else if (step.WeightDecay != 0) gradient = InPlaceMath.Sum(gradient, step.Parameter, step.WeightDecay);
        var (mean, square) = (StateOf(step, "mean"), StateOf(step, "square"));
        mean.Times(step.Momentum).Plus(gradient, 1 - step.Momentum);
        square.Times(beta2).PlusProduct(gradient, gradient, 1 - beta2);
        if (amsgrad)
        {
            var greatest = StateOf(step, "greatest");
            greatest.copy_(maximum(greatest, square));
            square = greatest;
        }
        var divisor = square.sqrt().Over(Math.Sqrt(1 - Math.Pow(beta2, step.Count))).Plus(epsilon);
        step.Parameter.PlusQuotient(mean, divisor, -step.LearningRate / (1 - Math.Pow(step.Momentum, step.Count)));
    }
}
