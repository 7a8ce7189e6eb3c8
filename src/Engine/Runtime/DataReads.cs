using System.Runtime.InteropServices;

namespace Interactive.Runtime;

/// <summary>
/// Tells who watches when TorchSharp hands out the address of a tensor's numbers, as <c>item</c>, <c>data</c> and <c>bytes</c> do: that
/// is no operator, and libtorch's observers see nothing of it. TorchSharp asks its native library for the address by name; the library's
/// symbol table in memory is made to name a function of ours, which asks the library's own.
/// </summary>
internal static unsafe class DataReads
{
    private const string Export = "THSTensor_data";
    private const int WithSymbol = 1, Read = 1, Write = 2;

    [StructLayout(LayoutKind.Sequential)]
    private struct Symbol { public int Name; public byte Info, Other; public short Section; public long Value, Size; }

    private struct Found { public nint File, Base, Name, Address; }

    private static delegate* unmanaged<nint, nint> original;

    /// <summary>True when reads are seen.</summary>
    public static bool AreSeen { get; private set; }

    /// <summary>Told of each read on this thread, by the address of the tensor's implementation; must not throw.</summary>
    [ThreadStatic] public static Action<nint>? Watcher;

    /// <summary>Begins to watch; before TorchSharp first asks for the function.</summary>
    /// <param name="library">TorchSharp's native library.</param>
    public static void Watch(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, Export, out var address)) return;
        original = (delegate* unmanaged<nint, nint>)address;
        if (dladdr1(address, out var found, out var symbol, WithSymbol) == 0 || symbol == null || found.Base + symbol->Value != address || Marshal.PtrToStringUTF8(found.Name) != Export) return;
        var page = (nint)(&symbol->Value) & -Environment.SystemPageSize;
        if (mprotect(page, Environment.SystemPageSize, Read | Write) != 0) return;
        Interlocked.Exchange(ref symbol->Value, (nint)(delegate* unmanaged<nint, nint>)&HandOut - found.Base);
        mprotect(page, Environment.SystemPageSize, Read);
        AreSeen = true;
    }

    /// <summary>The address of a tensor's first number, seen by nobody.</summary>
    /// <param name="handle">TorchSharp's.</param>
    public static nint Address(nint handle)
        => original != null ? original(handle) : throw new NotSupportedException($"TorchSharp's library does not export {Export}");

    [UnmanagedCallersOnly]
    private static nint HandOut(nint handle)
    {
        Watcher?.Invoke(*(nint*)handle);
        return original(handle);
    }

    [DllImport("libc")] private static extern int dladdr1(nint address, out Found found, out Symbol* symbol, int flags);
    [DllImport("libc")] private static extern int mprotect(nint address, nint bytes, int protection);
}
