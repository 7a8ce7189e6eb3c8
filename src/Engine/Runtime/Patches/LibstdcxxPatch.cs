using System.Runtime.InteropServices;
using System.Text;

namespace Interactive.Runtime;

/// <summary>
/// Lets TorchSharp's native library load where libstdc++ is older than GCC 13 (Debian 12, Ubuntu 22.04, RHEL 9).
/// The library asks for symbol version GLIBCXX_3.4.32 because of one symbol, <c>std::ios_base_library_init</c>: an
/// empty anchor that only makes the linker pull in the stream initialiser. The patch renames the wanted version to
/// one that is present and points the anchor at a harmless export of the library itself.
/// </summary>
internal static class LibstdcxxPatch
{
    private const string Anchor = "_ZSt21ios_base_library_initv";
    private const string WantedVersion = "GLIBCXX_3.4.32";
    private const string PresentVersion = "GLIBCXX_3.4.30";
    private const string Substitute = "THSTorch_get_and_reset_last_err";

    private const uint SectionDynamicSymbols = 11, SectionVersionNeeds = 0x6ffffffe, SectionVersions = 0x6fffffff;
    private const int SymbolSize = 24;

    /// <summary>True when the libstdc++ that this process would use lacks the anchor.</summary>
    public static bool IsNeeded()
    {
        if (!OperatingSystem.IsLinux()) return false;
        return NativeLibrary.TryLoad("libstdc++.so.6", out var handle)
            && !NativeLibrary.TryGetExport(handle, Anchor, out _);
    }

    /// <summary>
    /// Patches an ELF64 image in memory. Returns false when the image does not ask for the newer version.
    /// </summary>
    /// <exception cref="InvalidDataException">The image asks for the newer version for another symbol than the
    /// anchor.</exception>
    public static bool Apply(Span<byte> image)
    {
        var (symbols, versions, needs) = FindSections(image);
        var strings = Section(image, (int)symbols.Link);
        if (RenameVersion(image, needs, strings) is not { } versionIndex) return false;

        for (var i = 0; i < symbols.Size / SymbolSize; i++)
        {
            var symbol = image[((int)symbols.Offset + i * SymbolSize)..];
            var version = image[((int)versions.Offset + 2 * i)..];
            if (BitConverter.ToUInt16(version) != versionIndex) continue;
            var name = Text(image, strings, BitConverter.ToUInt32(symbol));
            if (name != Anchor)
                throw new InvalidDataException($"{WantedVersion} is also needed by {name}: cannot patch");
            BitConverter.TryWriteBytes(symbol, FindText(image, strings, Substitute));
            BitConverter.TryWriteBytes(version, (ushort)1); // 1 = global, no version
        }
        return true;
    }

    private static ushort? RenameVersion(Span<byte> image, ElfSection needs, ElfSection strings)
    {
        ushort? found = null;
        var need = (int)needs.Offset;
        for (var i = 0; i < needs.Info; i++)
        {
            var count = BitConverter.ToUInt16(image[(need + 2)..]);
            var entry = need + BitConverter.ToInt32(image[(need + 8)..]);
            for (var j = 0; j < count; j++)
            {
                if (Text(image, strings, BitConverter.ToUInt32(image[(entry + 8)..])) == WantedVersion)
                {
                    found = BitConverter.ToUInt16(image[(entry + 6)..]);
                    BitConverter.TryWriteBytes(image[entry..], Hash(PresentVersion));
                    BitConverter.TryWriteBytes(image[(entry + 8)..], FindText(image, strings, PresentVersion));
                }
                entry += BitConverter.ToInt32(image[(entry + 12)..]);
            }
            need += BitConverter.ToInt32(image[(need + 12)..]);
        }
        return found;
    }

    private readonly record struct ElfSection(uint Type, long Offset, long Size, uint Link, uint Info);

    private static ElfSection Section(ReadOnlySpan<byte> image, int index)
    {
        var header = image[(int)(BitConverter.ToInt64(image[0x28..]) + index * BitConverter.ToUInt16(image[0x3A..]))..];
        return new(BitConverter.ToUInt32(header[4..]), BitConverter.ToInt64(header[24..]),
            BitConverter.ToInt64(header[32..]),
            BitConverter.ToUInt32(header[40..]), BitConverter.ToUInt32(header[44..]));
    }

    private static (ElfSection Symbols, ElfSection Versions, ElfSection Needs) FindSections(ReadOnlySpan<byte> image)
    {
        ElfSection symbols = default, versions = default, needs = default;
        for (var i = 0; i < BitConverter.ToUInt16(image[0x3C..]); i++)
        {
            var section = Section(image, i);
            if (section.Type == SectionDynamicSymbols) symbols = section;
            else if (section.Type == SectionVersions) versions = section;
            else if (section.Type == SectionVersionNeeds) needs = section;
        }
        return (symbols, versions, needs);
    }

    private static string Text(ReadOnlySpan<byte> image, ElfSection strings, uint offset)
    {
        var start = image[(int)(strings.Offset + offset)..];
        return Encoding.ASCII.GetString(start[..start.IndexOf((byte)0)]);
    }

    private static uint FindText(ReadOnlySpan<byte> image, ElfSection strings, string value)
    {
        var needle = Encoding.ASCII.GetBytes("\0" + value + "\0");
        var at = image.Slice((int)strings.Offset, (int)strings.Size).IndexOf(needle);
        return at >= 0 ? (uint)at + 1 : throw new InvalidDataException($"string table lacks {value}");
    }

    // The System V ELF hash, as version records carry it.
    private static uint Hash(string name)
    {
        uint hash = 0;
        foreach (var c in name)
        {
            hash = (hash << 4) + c;
            var high = hash & 0xf0000000;
            if (high != 0) hash ^= high >> 24;
            hash &= ~high;
        }
        return hash;
    }
}
