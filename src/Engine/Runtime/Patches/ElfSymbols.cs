using System.IO.MemoryMappedFiles;
using System.Text;

namespace Interactive.Runtime;

/// <summary>
/// Reads addresses from the full symbol table of an ELF64 file, which also lists what is not exported.
/// </summary>
internal static unsafe class ElfSymbols
{
    private const int SectionSymbols = 2, SectionHeader = 64, SymbolSize = 24;

    /// <summary>The address of a symbol relative to the file's load address; null when it is not there.</summary>
    public static long? Find(string path, string name)
    {
        using var file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        using var view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* image = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref image);
        try
        {
            var sections = image + *(long*)(image + 0x28);
            for (var i = 0; i < *(ushort*)(image + 0x3C); i++)
            {
                var header = sections + i * SectionHeader;
                if (*(int*)(header + 4) == SectionSymbols)
                    return Search(image + *(long*)(header + 24), *(long*)(header + 32) / SymbolSize,
                        image + *(long*)(sections + *(int*)(header + 40) * SectionHeader + 24), name);
            }
            return null;
        }
        finally { view.SafeMemoryMappedViewHandle.ReleasePointer(); }
    }

    private static long? Search(byte* symbols, long count, byte* text, string name)
    {
        var wanted = Encoding.ASCII.GetBytes(name + "\0");
        for (var symbol = symbols; symbol < symbols + count * SymbolSize; symbol += SymbolSize)
            // An address of 0: defined elsewhere.
            if (*(long*)(symbol + 8) != 0
                && new ReadOnlySpan<byte>(text + *(uint*)symbol, wanted.Length).SequenceEqual(wanted))
                return *(long*)(symbol + 8);
        return null;
    }
}
