using Interactive.Memory;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Mean softmax cross-entropy with its gradient in the output's own bytes: log-probabilities where the scores were,
/// then, a few rows at a time, the gradient where those were. Autograd holds three such tensors at once. libtorch's own
/// kernels do it, which work row by row, so the bits are autograd's.
/// </summary>
internal static class CrossEntropyInPlace
{
    private const int Mean = 1;
    public const long Ignored = -100; // the class that does not count, as libtorch has it

    /// <summary>True for what the kernels may overwrite.</summary>
    public static bool Takes(Tensor output)
        => Aten.IsAvailable && output.device_type == DeviceType.CPU && output.dtype == ScalarType.Float32
        && output.is_contiguous();

    /// <summary>The loss; <paramref name="output"/> is the gradient afterwards. With autograd off.</summary>
    /// <param name="output">(batch, classes) or (batch, tokens, classes).</param>
    /// <param name="target">int64 class numbers (batch) or (batch, tokens).</param>
    /// <param name="gradientScale">Multiplies the gradient.</param>
    public static double Run(Tensor output, Tensor target, double gradientScale)
    {
        using var rows = output.view(-1, output.shape[^1]);
        using var labels = target.flatten();
        Call("_log_softmax", "out", rows, 1L, false, rows).Dispose();
        Span<nint> results = stackalloc nint[2];
        Aten.Call("nll_loss_forward", "", results, rows, labels, new Aten.Optional(null), Mean, Ignored);
        using var value = Tensor.UnsafeCreateTensor(results[0]);
        using var weight = Tensor.UnsafeCreateTensor(results[1]);
        using var scale = Scalars.Of(gradientScale);
        using var arriving = full_like(value, scale);
        var piece = Math.Max(1, LossRules.PieceBytes / (rows.shape[1] * sizeof(float)));
        for (var from = 0L; from < rows.shape[0]; from += piece)
        {
            var count = Math.Min(piece, rows.shape[0] - from);
            using var part = rows.narrow(0, from, count);
            using var partLabels = labels.narrow(0, from, count);
            using var ofLogs = Call("nll_loss_backward", "", arriving, part, partLabels, new Aten.Optional(null), Mean,
                Ignored, weight);
            Call("_log_softmax_backward_data", "out", ofLogs, part, 1L, (int)ScalarType.Float32, part).Dispose();
        }
        using var wide = value.to_type(ScalarType.Float64);
        return wide.item<double>();
    }

    private static Tensor Call(string name, string overload, params ReadOnlySpan<object?> arguments)
    {
        nint result = 0;
        Aten.Call(name, overload, new Span<nint>(ref result), arguments);
        return Tensor.UnsafeCreateTensor(result);
    }
}
