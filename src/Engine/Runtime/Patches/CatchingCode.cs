using System.Runtime.InteropServices;

namespace Interactive.Runtime;

/// <summary>
/// Instructions in front of native functions that catch C++ exceptions: what a compiler makes of
/// <c>try { return original(…); } catch (std::exception&amp;) { return caught(…); }</c>, with the tables by which
/// exceptions find it (Itanium C++ ABI; System V x86-64 psABI, 6.2; DWARF 4, 6.4). For any function of whole numbers
/// and pointers.
/// </summary>
internal static unsafe class CatchingCode
{
    private const int Spare = 128; // bytes of each function: fewer than a byte's LEB128 number can say

    /// <summary>
    /// The addresses of such instructions, in the order of the functions; null where there are none for this machine.
    /// </summary>
    /// <param name="originals">The functions.</param>
    /// <param name="caught">(exception) to result.</param>
    /// <param name="personality">The C++ library's search for a handler.</param>
    /// <param name="kind">The C++ library's description of std::exception.</param>
    public static nint[]? Make(nint[] originals, nint caught, nint personality, nint kind)
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64 || !OperatingSystem.IsLinux()) return null;
        const int Read = 1, Write = 2, Execute = 4, PrivateAnonymous = 0x22;
        var (code, tables, frames) = (originals.Length * Spare, originals.Length * Spare,
            64 + 64 * (originals.Length + 1));
        var bytes = (nuint)(code + tables + frames);
        var place = (nint)mmap(null, bytes, Read | Write, PrivateAnonymous, -1, 0);
        if (place == -1) return null;
        nint[] functions = [.. originals.Select((_, i) => place + i * Spare)];
        for (var i = 0; i < originals.Length; i++)
        {
            Put(functions[i], Function(originals[i], caught, out var call, out var landing, out var length));
            Put(functions[i] + code, Handlers(call, landing, length, kind));
        }
        Put(place + code + tables, Frames(functions, code, personality));
        if (mprotect((void*)place, bytes, Read | Execute) != 0) return null;
        __register_frame(place + code + tables);
        return functions;
    }

    private static byte[] Function(nint original, nint caught, out int call, out int landing, out int length)
    {
        const int Words = 6; // arguments beyond the six in registers, copied from the caller's stack
        // push rbp; mov rbp, rsp; sub rsp, 48
        List<byte> code = [0x55, 0x48, 0x89, 0xE5, 0x48, 0x83, 0xEC, 8 * Words];
        // mov rax, [rbp+16+8i]; mov [rsp+8i], rax
        for (byte i = 0; i < Words; i++)
            code.AddRange([0x48, 0x8B, 0x45, (byte)(16 + 8 * i), 0x48, 0x89, 0x44, 0x24, (byte)(8 * i)]);
        // mov rax, original
        code.AddRange([0x48, 0xB8, .. BitConverter.GetBytes((long)original)]);
        call = code.Count;
        // call rax; leave; ret
        code.AddRange([0xFF, 0xD0, 0xC9, 0xC3]);
        landing = code.Count;
        // mov rdi, rax; mov rax, caught; call rax; leave; ret
        code.AddRange([0x48, 0x89, 0xC7, 0x48, 0xB8, .. BitConverter.GetBytes((long)caught), 0xFF, 0xD0, 0xC9, 0xC3]);
        length = code.Count;
        return [.. code];
    }

    // A language-specific data area: one call that may throw, its landing pad, and the one kind that is caught.
    private static byte[] Handlers(int call, int landing, int length, nint kind)
    {
        const byte Omitted = 0xFF, Absolute = 0x00, Leb128 = 0x01;
        byte[] sites = [0, (byte)call, 0, 0, (byte)call, 2, (byte)landing, 1, (byte)(call + 2),
            (byte)(length - call - 2), 0, 0];
        byte[] rest = [Leb128, (byte)sites.Length, .. sites, 1, 0]; // the action: kind 1, no next
        return [Omitted, Absolute, (byte)(rest.Length + sizeof(long)), .. rest, .. BitConverter.GetBytes((long)kind)];
    }

    // An .eh_frame section: where the frames of the functions lie, and where their handlers.
    private static byte[] Frames(nint[] functions, int toHandlers, nint personality)
    {
        List<byte> section = [];
        void Entry(int pointer, byte[] content)
        {
            var padding = -(content.Length + 8) & 7;
            section.AddRange([.. BitConverter.GetBytes(content.Length + 4 + padding), .. BitConverter.GetBytes(pointer),
                .. content, .. new byte[padding]]);
        }
        // Augmentation zPLR with absolute addresses; code in bytes, data in -8, return address in 16; at the start the
        // frame is at rsp + 8, the return address there - 8.
        Entry(0,
            [1, (byte)'z', (byte)'P', (byte)'L', (byte)'R', 0, 1, 0x78, 16, 11, 0,
            .. BitConverter.GetBytes((long)personality), 0, 0, 0x0C, 7, 8, 0x90, 1]);
        foreach (var function in functions)
            Entry(section.Count + 4,
            [
                .. BitConverter.GetBytes((long)function), .. BitConverter.GetBytes((long)Spare), 8,
                .. BitConverter.GetBytes((long)(function + toHandlers)),
                0x41, 0x0E, 16, 0x86, 2, // after push rbp: the frame at rsp + 16, rbp there - 16
                0x43, 0x0D, 6,           // after mov rbp, rsp: counted from rbp
            ]);
        section.AddRange([0, 0, 0, 0]);
        return [.. section];
    }

    private static void Put(nint address, byte[] bytes) => bytes.CopyTo(new Span<byte>((void*)address, bytes.Length));

    [DllImport("libc")]
    private static extern void* mmap(void* address, nuint bytes, int protection, int flags,
        int file, nint offset);
    [DllImport("libc")] private static extern int mprotect(void* address, nuint bytes, int protection);
    [DllImport("libgcc_s.so.1")] private static extern void __register_frame(nint section);
}
