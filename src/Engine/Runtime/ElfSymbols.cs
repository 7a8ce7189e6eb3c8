using System.IO.MemoryMappedFiles;
using System.Text;

namespace Interactive.Runtime;

/// <summary>Reads addresses from the full symbol table of an ELF64 file, which also lists what is not exported.</summary>
internal static unsafe class ElfSymbols
{
    private const int SectionSymbols = 2, SectionHeader = 64, SymbolSize = 24;

    /// <summary>The addresses of symbols relative to the file's load address; null for one that is not there.</summary>
    public static long?[] Find(string path, params string[] names)
    {
        var found = new long?[names.Length];
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
                    Search(image + *(long*)(header + 24), *(long*)(header + 32) / SymbolSize, image + *(long*)(sections + *(int*)(header + 40) * SectionHeader + 24), names, found);
            }
        }
        finally { view.SafeMemoryMappedViewHandle.ReleasePointer(); }
        return found;
    }

    private static void Search(byte* symbols, long count, byte* text, string[] names, long?[] found)
    {
        var wanted = names.Select(n => Encoding.ASCII.GetBytes(n + "\0")).ToArray();
        for (var symbol = symbols; symbol < symbols + count * SymbolSize; symbol += SymbolSize)
        {
            if (*(long*)(symbol + 8) == 0) continue; // defined elsewhere
            var name = text + *(uint*)symbol;
            for (var i = 0; i < wanted.Length; i++)
                if (found[i] is null && new ReadOnlySpan<byte>(name, wanted[i].Length).SequenceEqual(wanted[i])) found[i] = *(long*)(symbol + 8);
        }
    }
}
