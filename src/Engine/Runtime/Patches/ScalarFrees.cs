namespace Interactive.Runtime;

/// <summary>
/// Frees TorchSharp's scalars late. A number in a call (<c>x + 1</c>) becomes an object whose last use is that its
/// handle is read: from then on a garbage collection may finalise it, and libtorch, still in the call, reads memory
/// that is another's by then: an error at best, other numbers at worst. So a scalar is freed when as many others have
/// been let go of as no call outlives.
/// </summary>
internal static unsafe class ScalarFrees
{
    private const string Export = "THSTorch_dispose_scalar";

    /// <summary>How many scalars wait: some 3 MB at most. One collection may find thousands.</summary>
    internal const int Waiting = 1 << 16;

    private static readonly nint[] waiting = new nint[Waiting];
    private static delegate* unmanaged<nint, void> original;
    private static long count;

    /// <summary>True when scalars are freed late.</summary>
    public static bool AreLate { get; private set; }

    /// <summary>Begins to; before TorchSharp first asks for the function.</summary>
    /// <param name="library">TorchSharp's native library.</param>
    public static void Watch(nint library)
    {
        original = (delegate* unmanaged<nint, void>)NativeRedirect.Find(library, Export);
        AreLate = original != null
            && NativeRedirect.TryPut(Export, (nint)original, (nint)(delegate* unmanaged<nint, void>)&Free);
    }

    [System.Runtime.InteropServices.UnmanagedCallersOnly]
    private static void Free(nint scalar)
    {
        var before = Interlocked.Exchange(ref waiting[Interlocked.Increment(ref count) & (Waiting - 1)], scalar);
        if (before != 0) original(before);
    }
}
