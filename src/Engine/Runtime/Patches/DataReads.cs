namespace Interactive.Runtime;

/// <summary>
/// Tells who watches when TorchSharp hands out the address of a tensor's numbers, as <c>item</c>, <c>data</c> and
/// <c>bytes</c> do: that is no operator, and libtorch's observers see nothing of it. A function of ours takes the place
/// of TorchSharp's, and asks it.
/// </summary>
internal static unsafe class DataReads
{
    private const string Export = "THSTensor_data";

    private static delegate* unmanaged<nint, nint> original;

    /// <summary>True when reads are seen.</summary>
    public static bool AreSeen { get; private set; }

    /// <summary>
    /// Told of each read on this thread, by the address of the tensor's implementation; must not throw.
    /// </summary>
    [ThreadStatic] public static Action<nint>? Watcher;

    /// <summary>Begins to watch; before TorchSharp first asks for the function.</summary>
    /// <param name="library">TorchSharp's native library.</param>
    public static void Watch(nint library)
    {
        original = (delegate* unmanaged<nint, nint>)NativeRedirect.Find(library, Export);
        AreSeen = original != null
            && NativeRedirect.TryPut(Export, (nint)original, (nint)(delegate* unmanaged<nint, nint>)&HandOut);
    }

    /// <summary>The address of a tensor's first number, seen by nobody.</summary>
    /// <param name="handle">TorchSharp's.</param>
    public static nint Address(nint handle)
        => original != null ? original(handle)
        : throw new NotSupportedException($"TorchSharp's library does not export {Export}");

    [System.Runtime.InteropServices.UnmanagedCallersOnly]
    private static nint HandOut(nint handle)
    {
        Watcher?.Invoke(*(nint*)handle);
        return original(handle);
    }
}
