using System.Runtime.InteropServices;

namespace Interactive.Runtime;

/// <summary>
/// Lets a native library's exported function be another one for whoever asks for it by name from now on, as .NET does
/// when it first calls it: the library's symbol table in memory is made to name the other.
/// </summary>
internal static unsafe class NativeRedirect
{
    private const int WithSymbol = 1, Read = 1, Write = 2;

    [StructLayout(LayoutKind.Sequential)]
    private struct Symbol { public int Name; public byte Info, Other; public short Section; public long Value, Size; }

    private struct Found { public nint File, Base, Name, Address; }

    /// <summary>The address of a library's own function; 0 where it exports none of this name.</summary>
    public static nint Find(nint library, string export)
        => NativeLibrary.TryGetExport(library, export, out var address) ? address : 0;

    /// <summary>
    /// Puts <paramref name="to"/> in the place of the function at <paramref name="original"/>; false where the table is
    /// not as expected, and stays as it is.
    /// </summary>
    public static bool TryPut(string export, nint original, nint to)
    {
        if (dladdr1(original, out var found, out var symbol, WithSymbol) == 0 || symbol == null
            || found.Base + symbol->Value != original || Marshal.PtrToStringUTF8(found.Name) != export) return false;
        var page = (nint)(&symbol->Value) & -Environment.SystemPageSize;
        if (mprotect(page, Environment.SystemPageSize, Read | Write) != 0) return false;
        Interlocked.Exchange(ref symbol->Value, to - found.Base);
        mprotect(page, Environment.SystemPageSize, Read);
        return true;
    }

    [DllImport("libc")] private static extern int dladdr1(nint address, out Found found, out Symbol* symbol, int flags);
    [DllImport("libc")] private static extern int mprotect(nint address, nint bytes, int protection);
}
