using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// libtorch's backward of GELU. It takes a string, of which libtorch's stable C interface loses one copy a call, so it
/// is called by its C++ name.
/// </summary>
internal static unsafe class GeluKernel
{
    // at::Tensor& call(const at::Tensor& gradient, const at::Tensor& input, std::string_view approximate, at::Tensor&
    // result)
    private static readonly delegate* unmanaged<nint, nint, nuint, byte*, nint,
        nint> Call = (delegate* unmanaged<nint, nint, nuint, byte*, nint, nint>)(
        TorchLoader.TryGetExport("_ZN2at4_ops24gelu_backward_grad_input4callERKNS_6TensorES4_St17basic_string_viewIcSt11char_traitsIcEERS2_", out var address) ? address : 0);

    /// <summary>True when this libtorch exports it.</summary>
    public static bool IsAvailable => Call != null;

    /// <summary>
    /// Writes the gradient of the input to <paramref name="result"/>, which may be <paramref name="gradient"/>; all of
    /// one shape, type and device.
    /// </summary>
    public static void Backward(Tensor gradient, Tensor input, Tensor result, bool tanh)
    {
        fixed (byte* form = tanh ? "tanh"u8 : "none"u8) Call(gradient.Handle, input.Handle, 4, form, result.Handle);
        GC.KeepAlive(gradient);
        GC.KeepAlive(input);
        GC.KeepAlive(result);
    }
}
