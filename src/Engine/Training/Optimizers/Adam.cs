using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Adam (Kingma and Ba 2014): <c>torch.optim.Adam</c>. With decoupled weight decay it is <see cref="AdamW"/>.
/// </summary>
/// <param name="beta1">Decay of the mean of gradients; default 0.9. A group's momentum takes its place.</param>
/// <param name="beta2">Decay of the mean of their squares; default 0.999.</param>
/// <param name="epsilon">Added to the root of the squares; default 1e-8.</param>
/// <param name="weightDecay">L2 penalty, added to the gradient, or decoupled decay; default 0.</param>
/// <param name="decoupled">Decay the parameter itself and not by way of the gradient; default false.</param>
/// <param name="amsgrad">Divide by the greatest mean of squares so far (Reddi, Kale and Kumar 2018); default
/// false.</param>
public class Adam(double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0,
    bool decoupled = false, bool amsgrad = false)
    : Optimizer(beta1, weightDecay)
{
    private readonly double beta2 = In01(beta2, "beta2"), epsilon = NotNegative(epsilon, "epsilon");

    /// <inheritdoc/>
    public override string Name => decoupled ? "adamw" : "adam";

    /// <inheritdoc/>
    protected override void Update(ParameterStep step)
    {
        var (mean, square) = (StateOf(step, "mean"), StateOf(step, "square"));
        if (!amsgrad && AdamKernel.Takes(step.Parameter, step.Gradient, mean, square))
            AdamKernel.Step(step.Parameter, step.Gradient, mean, square, Factors(step));
        else ByOperators(step, mean, square);
    }

    private AdamKernel.Factors Factors(ParameterStep step) => new(
        Kept: decoupled ? (float)(1 - step.LearningRate * step.WeightDecay) : 1,
            Penalty: decoupled ? 0 : (float)step.WeightDecay,
        (float)step.Momentum, (float)(1 - step.Momentum), (float)beta2, (float)(1 - beta2), Correction(step),
            (float)epsilon, (float)Size(step));

    private float Correction(ParameterStep step) => (float)Math.Sqrt(1 - Math.Pow(beta2, step.Count));
    private static double Size(ParameterStep step) => -step.LearningRate / (1 - Math.Pow(step.Momentum, step.Count));

    /// <summary>The same by libtorch's operators.</summary>
    internal void ByOperators(ParameterStep step, Tensor mean, Tensor square)
    {
        var gradient = step.Gradient;
        if (decoupled) step.Parameter.Times(1 - step.LearningRate * step.WeightDecay);
        else if (step.WeightDecay != 0) gradient = InPlaceMath.Sum(gradient, step.Parameter, step.WeightDecay);
        mean.Times(step.Momentum).Plus(gradient, 1 - step.Momentum);
        square.Times(beta2).PlusProduct(gradient, gradient, 1 - beta2);
        if (amsgrad)
        {
            var greatest = StateOf(step, "greatest");
            greatest.copy_(maximum(greatest, square));
            square = greatest;
        }
        var divisor = square.sqrt().Over(Correction(step)).Plus(epsilon);
        step.Parameter.PlusQuotient(mean, divisor, Size(step));
    }
}
