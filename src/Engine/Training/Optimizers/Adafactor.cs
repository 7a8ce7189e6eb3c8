using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Adafactor (Shazeer and Stern 2018, without momentum): the squares of a matrix's gradients are kept as one number a
/// row and one a column. As <c>torch.optim.Adafactor</c> of PyTorch 2.5 does it: the step is relative to the
/// parameter's size, and the learning rate bounds it.
/// </summary>
/// <param name="weightDecay">Decoupled weight decay; default 0.</param>
/// <param name="beta2Decay">The squares of step t enter with weight t to this power; default -0.8.</param>
/// <param name="leastScale">Least root mean square that a parameter is taken to have; default 1e-3.</param>
/// <param name="clipThreshold">Root mean square above which a step is scaled down; default 1.</param>
public sealed class Adafactor(double weightDecay = 0, double beta2Decay = -0.8, double leastScale = 1e-3,
    double clipThreshold = 1) : Optimizer(null, weightDecay)
{
    private const double Least = 1.1920928955078125e-07; // of fp32

    private readonly double leastScale = NotNegative(leastScale, "least scale"),
        clipThreshold = NotNegative(clipThreshold, "clip threshold");

    /// <inheritdoc/>
    public override string Name => "adafactor";
    /// <inheritdoc/>
    public override bool IsElementWise => false;

    /// <inheritdoc/>
    protected override void Update(ParameterStep step)
    {
        var (parameter, gradient) = (step.Parameter, step.Gradient);
        var entering = Math.Pow(step.Count, beta2Decay);
        var size = parameter.norm().item<float>() / Math.Sqrt(parameter.numel());
        var rate = Math.Max(leastScale, size) * Math.Min(step.LearningRate, 1 / Math.Sqrt(step.Count));
        if (step.WeightDecay != 0) parameter.Times(1 - step.LearningRate * step.WeightDecay);
        var update = Squares(step, entering);
        using var floor = Scalars.Of(Least * Least);
        update = update.clamp_min(floor).rsqrt_().mul_(gradient);
        var strength = update.norm().item<float>() / (Math.Sqrt(update.numel()) * clipThreshold);
        parameter.Plus(update, -rate / Math.Max(1, strength));
    }

    // The running mean of squares: of the outer product of rows and columns where there are both.
    private Tensor Squares(ParameterStep step, double entering)
    {
        var gradient = step.Gradient;
        var squares = gradient.mul(gradient);
        if (gradient.dim() < 2) return Mix(StateOf(step, "square"), squares, entering);
        var shape = gradient.shape;
        var rows = Mix(StateOf(step, "rows", [.. shape[..^1], 1]), squares.mean([-1], keepdim: true), entering);
        var columns = Mix(StateOf(step, "columns", [.. shape[..^2], 1, shape[^1]]), squares.mean([-2], keepdim: true),
            entering);
        using var least = Scalars.Of(Least);
        return rows.matmul(columns).div_(rows.mean([-2], keepdim: true).clamp_min(least));
    }

    private static Tensor Mix(Tensor mean, Tensor value, double entering)
        => mean.Times(1 - entering).Plus(value, entering);
}
