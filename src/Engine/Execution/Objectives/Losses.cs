using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>Losses over a model's output: (output, target) to one number.</summary>
public static class Losses
{
    /// <summary>
    /// Mean softmax cross-entropy. Output (batch, classes), (batch, tokens, classes) or (batch, classes, height, width);
    /// target int64 class numbers (batch), (batch, tokens) or (batch, height, width). -100 does not count.
    /// </summary>
    public static Tensor CrossEntropy(Tensor output, Tensor target) => CrossEntropy(output, target, 0);

    /// <summary>The same with label smoothing (Szegedy et al. 2015), 0 to 1, weights of classes, and another class that does not count.</summary>
    public static Tensor CrossEntropy(Tensor output, Tensor target, double smoothing, long ignored = -100, Tensor? weights = null)
    {
        if (output.dim() != 3 && !IsImageOnGpu(output)) return nn.functional.cross_entropy(output, target, weights, ignored, label_smoothing: smoothing);
        using var rows = output.dim() == 3 ? output.flatten(0, 1) : Pixels(output);
        using var labels = target.flatten();
        return nn.functional.cross_entropy(rows, labels, weights, ignored, label_smoothing: smoothing);
    }

    // On a GPU libtorch adds up an image's loss in the order in which threads arrive, and a table's in order.
    private static bool IsImageOnGpu(Tensor output) => output.dim() == 4 && output.device_type == DeviceType.CUDA;

    private static Tensor Pixels(Tensor output)
    {
        using var last = output.permute(0, 2, 3, 1);
        return last.reshape(-1, output.shape[1]);
    }
}
