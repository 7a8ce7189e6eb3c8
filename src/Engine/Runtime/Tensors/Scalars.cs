using TorchSharp;

namespace Interactive.Runtime;

/// <summary>
/// Numbers as libtorch's scalars that stay alive. A number that TorchSharp converts on the way into a call is an object
/// with a finaliser, which a garbage collection on another thread may run before the native call has read it.
/// </summary>
internal static class Scalars
{
    /// <summary>The integer one.</summary>
    public static readonly Scalar One = 1;

    /// <summary>A scalar for the length of a <c>using</c>.</summary>
    public static Scalar Of(double value) => value;
}
