using System.Buffers.Binary;
using NVorbis;

namespace Interactive.Data;

/// <summary>
/// Ogg Vorbis by NVorbis. A decoder stops quietly where a file does, so its pages are looked through first.
/// </summary>
internal static class OggFile
{
    private const int Head = 27, LastPage = 4;

    public static Sound Decode(ReadOnlyMemory<byte> file)
    {
        CheckPages(file.Span);
        try
        {
            using var reader = new VorbisReader(new MemoryStream(file.ToArray()), closeOnDispose: true);
            var (channels, rate, total) = (reader.Channels, reader.SampleRate, reader.TotalSamples);
            if (total < 0 || total * channels > Sound.Most) throw new InvalidDataException($"it claims {total} samples of {channels} channels, at most {Sound.Most} are read");
            var samples = new float[total * channels];
            var at = 0;
            for (int read; at < samples.Length && (read = reader.ReadSamples(samples, at,
                samples.Length - at)) > 0;) at += read;
            return Sound.Mono(at == samples.Length ? samples : samples[..at], channels, rate);
        }
        catch (Exception e) when (e is not (InvalidDataException or OutOfMemoryException))
        {
            throw new InvalidDataException($"it is no Ogg Vorbis, or damaged ({e.Message.ReplaceLineEndings(" ")})");
        }
    }

    private static void CheckPages(ReadOnlySpan<byte> file)
    {
        var last = (byte)0;
        for (var at = 0; at < file.Length;)
        {
            var page = file[at..];
            if (page.Length < Head || page.Length < Head + page[26]) throw new InvalidDataException($"it is cut short in the header at byte {at}");
            if (!page.StartsWith("OggS"u8)) throw new InvalidDataException($"it is damaged: no page begins at byte {at}");
            var size = Head + page[26];
            foreach (var segment in page.Slice(Head, page[26])) size += segment;
            if (page.Length < size) throw new InvalidDataException($"it is cut short: the page at byte {at} has {size} bytes, {page.Length} are left");
            if (Checksum(page[..size]) != BinaryPrimitives.ReadUInt32LittleEndian(page[22..])) throw new InvalidDataException($"it is damaged: the page at byte {at} has another checksum");
            last = page[5];
            at += size;
        }
        if ((last & LastPage) == 0) throw new InvalidDataException("it is cut short: the last page is missing");
    }

    // CRC-32 of polynomial 0x04C11DB7, most significant bit first, with the checksum's own bytes as 0.
    private static uint Checksum(ReadOnlySpan<byte> page)
    {
        var crc = 0u;
        for (var i = 0; i < page.Length; i++) crc = crc << 8 ^ table[crc >> 24 ^ (i is >= 22 and < 26 ? (byte)0
            : page[i])];
        return crc;
    }

    private static readonly uint[] table = [.. Enumerable.Range(0, 256).Select(i =>
    {
        var value = (uint)i << 24;
        for (var bit = 0; bit < 8; bit++) value = (value & 0x80000000) != 0 ? value << 1 ^ 0x04C11DB7 : value << 1;
        return value;
    })];
}
