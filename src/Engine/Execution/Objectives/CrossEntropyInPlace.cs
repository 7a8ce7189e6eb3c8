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
    /// <param name="target">int64 class numbers (batch) or (batch, tokens), or shares of the output's shape.</param>
    /// <param name="gradientScale">Multiplies the gradient.</param>
    public static double Run(Tensor output, Tensor target, double gradientScale)
    {
        using var rows = output.view(-1, output.shape[^1]);
        if (target.is_floating_point()) return OfShares(rows, target.reshape(rows.shape), gradientScale);
        using var labels = target.flatten();
        Call("_log_softmax", "out", rows, 1L, false, rows).Dispose();
        Span<nint> results = stackalloc nint[2];
        Aten.Call("nll_loss_forward", "", results, rows, labels, new Aten.Optional(null), Mean, Ignored);
        using var value = Tensor.UnsafeCreateTensor(results[0]);
        using var weight = Tensor.UnsafeCreateTensor(results[1]);
        using var scale = Scalars.Of(gradientScale);
        using var arriving = full_like(value, scale);
        var piece = Piece(rows);
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

    // -(log-probabilities * shares).sum() / rows, as libtorch composes it; summed a piece at a time.
    private static double OfShares(Tensor rows, Tensor target, double gradientScale)
    {
        using var shares = target;
        Call("_log_softmax", "out", rows, 1L, false, rows).Dispose();
        var count = rows.shape[0];
        var (sum, factor) = (0.0, -((float)gradientScale / count));
        using var scale = Scalars.Of(factor);
        var piece = Piece(rows);
        for (var from = 0L; from < count; from += piece)
        {
            using var scope = NewDisposeScope();
            var size = Math.Min(piece, count - from);
            var (part, partShares) = (rows.narrow(0, from, size), shares.narrow(0, from, size));
            sum += part.mul(partShares).sum().item<float>();
            Call("_log_softmax_backward_data", "out", partShares.mul(scale), part, 1L, (int)ScalarType.Float32, part)
                .Dispose();
        }
        return -(float)sum / count;
    }

    private static long Piece(Tensor rows) => Math.Max(1, LossRules.PieceBytes / (rows.shape[1] * sizeof(float)));

    private static Tensor Call(string name, string overload, params ReadOnlySpan<object?> arguments)
    {
        nint result = 0;
        Aten.Call(name, overload, new Span<nint>(ref result), arguments);
        return Tensor.UnsafeCreateTensor(result);
    }
}
