using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>Mean softmax cross-entropy of an output's rows, whatever dimension its classes are in.</summary>
internal static class SoftmaxCrossEntropy
{
    /// <summary>
    /// Of (batch, classes), (batch, tokens, classes) or (batch, classes, height, width), with class numbers of the same
    /// shape but for the classes, or shares of the classes (fp) of the output's shape.
    /// </summary>
    public static Tensor Of(Tensor output, Tensor target, double smoothing = 0, long ignored = -100,
        Tensor? weights = null)
    {
        if (output.dim() != 3 && !IsImageOnGpu(output))
            return nn.functional.cross_entropy(output, target, weights, ignored, label_smoothing: smoothing);
        using var rows = output.dim() == 3 ? output.flatten(0, 1) : Pixels(output);
        using var labels = !target.is_floating_point() ? target.flatten()
            : target.dim() == 3 ? target.flatten(0, 1) : Pixels(target);
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
