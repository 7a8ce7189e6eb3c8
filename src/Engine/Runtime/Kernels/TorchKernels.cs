using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// The passes of <see cref="ElementKernels"/> by libtorch's own kernels, for tensors on a GPU or with gaps. They work
/// on tensors over the same bytes that have version counters of their own, so that autograd does not see them either.
/// </summary>
internal static class TorchKernels
{
    public static void Rectify(Tensor x)
    {
        using var bytes = Bytes(x);
        bytes.relu_();
    }

    public static void Mask(Tensor gradient, Tensor output, Tensor result)
    {
        using var dropped = output.le(0);
        using var bytes = Bytes(result);
        if (!ReferenceEquals(gradient, result)) bytes.copy_(gradient);
        bytes.masked_fill_(dropped, 0);
    }

    public static void Add(Tensor x, Tensor y, Tensor result, bool rectify)
    {
        using var bytes = Bytes(result);
        if (ReferenceEquals(result, y)) bytes.add_(x, Scalars.One);
        else
        {
            if (!ReferenceEquals(result, x)) bytes.copy_(x);
            bytes.add_(y, Scalars.One);
        }
        if (rectify) bytes.relu_();
    }

    private static Tensor Bytes(Tensor tensor)
    {
        using var noGrad = no_grad();
        return empty(0, tensor.dtype, tensor.device).set_(tensor);
    }
}
