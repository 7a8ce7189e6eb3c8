using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>Losses over a model's output: (output, target) to one number.</summary>
public static class Losses
{
    /// <summary>
    /// Mean softmax cross-entropy. Output (batch, classes), (batch, tokens, classes) or (batch, classes, height, width);
    /// target int64 class numbers (batch), (batch, tokens) or (batch, height, width).
    /// </summary>
    public static Tensor CrossEntropy(Tensor output, Tensor target) => CrossEntropy(output, target, 0);

    /// <summary>The same with label smoothing (Szegedy et al. 2015), 0 to 1.</summary>
    public static Tensor CrossEntropy(Tensor output, Tensor target, double smoothing)
    {
        if (output.dim() != 3) return nn.functional.cross_entropy(output, target, label_smoothing: smoothing);
        using var rows = output.flatten(0, 1);
        using var labels = target.flatten();
        return nn.functional.cross_entropy(rows, labels, label_smoothing: smoothing);
    }
}
