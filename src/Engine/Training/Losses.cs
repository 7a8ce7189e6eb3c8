using Interactive.Execution;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>Losses over a model's output: (output, target) to one number.</summary>
public static class Losses
{
    /// <summary>
    /// Mean softmax cross-entropy. Output (batch, classes), (batch, tokens, classes) or (batch, classes, height,
    /// width); target int64 class numbers (batch), (batch, tokens) or (batch, height, width). -100 does not count.
    /// </summary>
    public static Tensor CrossEntropy(Tensor output, Tensor target) => CrossEntropy(output, target, 0);

    /// <summary>
    /// The same with label smoothing (Szegedy et al. 2015), 0 to 1, weights of classes, and another class that does not
    /// count.
    /// </summary>
    public static Tensor CrossEntropy(Tensor output, Tensor target, double smoothing, long ignored = -100,
        Tensor? weights = null)
        => SoftmaxCrossEntropy.Of(output, target, smoothing, ignored, weights);

    /// <summary>Mean squared difference of output and target, which have one shape.</summary>
    public static Tensor MeanSquare(Tensor output, Tensor target) => nn.functional.mse_loss(output, target);

    /// <summary>Mean absolute difference of output and target, which have one shape.</summary>
    public static Tensor MeanAbsolute(Tensor output, Tensor target) => nn.functional.l1_loss(output, target);

    /// <summary>
    /// Mean cross-entropy of yes-or-no answers: scores and targets of one shape, the targets between 0 and 1.
    /// </summary>
    public static Tensor BinaryCrossEntropy(Tensor output, Tensor target)
        => nn.functional.binary_cross_entropy_with_logits(output, target);
}
