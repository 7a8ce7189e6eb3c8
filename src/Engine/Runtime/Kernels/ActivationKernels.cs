using System.Collections.Concurrent;
using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// libtorch's backward passes of activations with numbers of their own. libtorch's stable C interface takes no scalars,
/// so they are called by their C++ names. Each writes the gradient of the input to the last argument, which may be the
/// gradient of the output.
/// </summary>
internal static unsafe class ActivationKernels
{
    // All: at::Tensor& call(const at::Tensor& gradient, …, at::Tensor& result)
    private static readonly delegate* unmanaged<nint, nint, nint, byte, nint,
        nint> LeakyReluCall = (delegate* unmanaged<nint, nint, nint, byte, nint, nint>)
        Export("_ZN2at4_ops30leaky_relu_backward_grad_input4callERKNS_6TensorES4_RKN3c106ScalarEbRS2_");
    private static readonly delegate* unmanaged<nint, nint, nint, nint, byte, nint, nint,
        nint> EluCall = (delegate* unmanaged<nint, nint, nint, nint, byte, nint, nint, nint>)
        Export("_ZN2at4_ops23elu_backward_grad_input4callERKNS_6TensorERKN3c106ScalarES8_S8_bS4_RS2_");
    private static readonly delegate* unmanaged<nint, nint, nint, nint, nint,
        nint> HardtanhCall = (delegate* unmanaged<nint, nint, nint, nint, nint, nint>)
        Export("_ZN2at4_ops28hardtanh_backward_grad_input4callERKNS_6TensorES4_RKN3c106ScalarES8_RS2_");
    private static readonly delegate* unmanaged<nint, nint, nint, nint, nint,
        nint> SoftplusCall = (delegate* unmanaged<nint, nint, nint, nint, nint, nint>)
        Export("_ZN2at4_ops28softplus_backward_grad_input4callERKNS_6TensorES4_RKN3c106ScalarES8_RS2_");

    /// <summary>True when this libtorch exports them.</summary>
    public static bool AreAvailable
        => LeakyReluCall != null && EluCall != null && HardtanhCall != null && SoftplusCall != null
        && NewScalar != null;

    /// <summary>The gradient, times the slope where the input is not positive.</summary>
    public static void LeakyRelu(Tensor gradient, Tensor input, double slope, Tensor result)
    {
        LeakyReluCall(gradient.Handle, input.Handle, Number(slope), 0, result.Handle);
        Keep(gradient, input, result);
    }

    /// <summary>Of the exponential linear unit, from the input.</summary>
    public static void Elu(Tensor gradient, Tensor input, double alpha, Tensor result)
    {
        EluCall(gradient.Handle, Number(alpha), Number(1), Number(1), 0, input.Handle, result.Handle);
        Keep(gradient, input, result);
    }

    /// <summary>The gradient where the input lies between the bounds, else zero.</summary>
    public static void Hardtanh(Tensor gradient, Tensor input, double least, double most, Tensor result)
    {
        HardtanhCall(gradient.Handle, input.Handle, Number(least), Number(most), result.Handle);
        Keep(gradient, input, result);
    }

    /// <summary>Of log(1 + exp(beta x)) / beta, which is x above the threshold.</summary>
    public static void Softplus(Tensor gradient, Tensor input, double beta, double threshold, Tensor result)
    {
        SoftplusCall(gradient.Handle, input.Handle, Number(beta), Number(threshold), result.Handle);
        Keep(gradient, input, result);
    }

    private static void Keep(Tensor gradient, Tensor input, Tensor result)
    {
        GC.KeepAlive(gradient);
        GC.KeepAlive(input);
        GC.KeepAlive(result);
    }

    private static readonly delegate* unmanaged<double,
        nint> NewScalar = (delegate* unmanaged<double, nint>)Export("THSTorch_float64_to_scalar");
    private static readonly ConcurrentDictionary<double, nint> Numbers = new(); // few: ops' constants

    private static nint Number(double value) => Numbers.GetOrAdd(value, static v => NewScalar(v));

    private static nint Export(string name) => TorchLoader.TryGetExport(name, out var address) ? address : 0;
}
