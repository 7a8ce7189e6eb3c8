using static TorchSharp.torch;

namespace Interactive.Runtime;

/// <summary>Tells whether two managed tensors are one native tensor.</summary>
internal static unsafe class TensorIdentity
{
    /// <summary>
    /// The address of the native tensor. <see cref="Tensor.Handle"/> is not that: some of TorchSharp's modules make a
    /// new handle each time their weight is asked for. The handle points at an <c>at::Tensor</c>, whose one field this
    /// is.
    /// </summary>
    public static nint Identity(this Tensor tensor) => *(nint*)tensor.Handle;
}
