using System.Runtime.InteropServices;

namespace Interactive.Runtime;

/// <summary>
/// Lets libtorch's errors end with what they say. libtorch adds the frames of its own code, forty lines of addresses without names; PyTorch
/// leaves them out for Python, and they are left out here too unless its variable <c>TORCH_SHOW_CPP_STACKTRACES</c> is 1.
/// </summary>
internal static unsafe class ErrorTexts
{
    private const string Export = "THSTorch_get_and_reset_last_err", Variable = "TORCH_SHOW_CPP_STACKTRACES";

    private static delegate* unmanaged<byte*> original;

    /// <summary>True when frames are left out.</summary>
    public static bool AreShort { get; private set; }

    /// <summary>Begins to; before TorchSharp first asks for the function.</summary>
    /// <param name="library">TorchSharp's native library.</param>
    public static void Watch(nint library)
    {
        if (Environment.GetEnvironmentVariable(Variable) == "1") return;
        original = (delegate* unmanaged<byte*>)NativeRedirect.Find(library, Export);
        AreShort = original != null && NativeRedirect.TryPut(Export, (nint)original, (nint)(delegate* unmanaged<byte*>)&Last);
    }

    // The text is a copy made for the caller.
    [UnmanagedCallersOnly]
    private static byte* Last()
    {
        var text = original();
        if (text == null) return text;
        var end = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text).IndexOf("\nException raised from "u8);
        if (end >= 0) text[end] = 0;
        return text;
    }
}
