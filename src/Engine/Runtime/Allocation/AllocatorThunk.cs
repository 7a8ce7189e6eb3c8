using System.Runtime.InteropServices;

namespace Interactive.Runtime;

/// <summary>
/// A few instructions in front of a managed allocator: where it returns null they ask libtorch's own for more than it
/// can give, so that a C++ exception of that passes no managed frame.
/// </summary>
internal static unsafe class AllocatorThunk
{
    /// <summary>The address of the instructions, or 0 where there are none for this processor.</summary>
    /// <param name="managed">(result, allocator, bytes) to result, or null.</param>
    /// <param name="original">The same, of libtorch's allocator.</param>
    /// <param name="allocator">libtorch's allocator.</param>
    public static nint Make(nint managed, nint original, nint allocator)
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64 || !OperatingSystem.IsLinux()) return 0;
        byte[] code =
        [
            // push rdi, rsi, rdx: the arguments, and the stack aligned
            0x57, 0x56, 0x52,
            0x48, 0xB8, .. BitConverter.GetBytes((long)managed),    // mov rax, managed
            0xFF, 0xD0,                                             // call rax
            0x5A, 0x5E, 0x5F,                                       // pop rdx, rsi, rdi
            0x48, 0x85, 0xC0,                                       // test rax, rax
            0x74, 0x01,                                             // jz over
            0xC3,                                                   // ret
            // over: mov rdx, more than there is, for malloc may give what a cgroup will not
            0x48, 0xBA, .. BitConverter.GetBytes(1L << 60),
            0x48, 0xBE, .. BitConverter.GetBytes((long)allocator),  // mov rsi, allocator
            0x48, 0xB8, .. BitConverter.GetBytes((long)original),   // mov rax, original
            0xFF, 0xE0,                                             // jmp rax
        ];
        const int Read = 1, Write = 2, Execute = 4, PrivateAnonymous = 0x22;
        var page = (nint)mmap(null, (nuint)Environment.SystemPageSize, Read | Write, PrivateAnonymous, -1, 0);
        if (page == -1) return 0;
        code.CopyTo(new Span<byte>((void*)page, code.Length));
        return mprotect((void*)page, (nuint)Environment.SystemPageSize, Read | Execute) == 0 ? page : 0;
    }

    [DllImport("libc")]
    private static extern void* mmap(void* address, nuint bytes, int protection, int flags,
        int file, nint offset);
    [DllImport("libc")] private static extern int mprotect(void* address, nuint bytes, int protection);
}
