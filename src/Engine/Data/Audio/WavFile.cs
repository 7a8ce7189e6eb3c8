using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Interactive.Data;

/// <summary>RIFF WAVE: whole numbers of 8 to 32 bits and floating point, uncompressed.</summary>
internal static class WavFile
{
    private const int Whole = 1, Real = 3, Extensible = 0xFFFE;

    public static Sound Decode(ReadOnlySpan<byte> file)
    {
        if (file.Length < 12 || !file[8..].StartsWith("WAVE"u8)) throw new InvalidDataException("its header is damaged: RIFF, but no WAVE");
        (int Kind, int Channels, int Rate, int Bits)? format = null;
        for (var at = 12; at + 8 <= file.Length;)
        {
            var name = file.Slice(at, 4);
            var size = BinaryPrimitives.ReadUInt32LittleEndian(file[(at + 4)..]);
            at += 8;
            if (size > file.Length - at) throw new InvalidDataException($"it is cut short: a part has {size} bytes, {file.Length - at} are left");
            var part = file.Slice(at, (int)size);
            if (name.SequenceEqual("fmt "u8)) format = Format(part);
            if (name.SequenceEqual("data"u8))
            {
                var (kind, channels, rate, bits) = format ?? throw new InvalidDataException("its header is damaged: data before its format");
                return Sound.Mono(Samples(part[..(part.Length - part.Length % (channels * bits / 8))], kind, bits),
                    channels, rate);
            }
            at += (int)size + (int)(size & 1);
        }
        throw new InvalidDataException("it is cut short: there are no samples");
    }

    private static (int, int, int, int) Format(ReadOnlySpan<byte> part)
    {
        if (part.Length < 16) throw new InvalidDataException("its header is damaged: the format is too short");
        int Short(ReadOnlySpan<byte> p, int at) => BinaryPrimitives.ReadUInt16LittleEndian(p[at..]);
        var (kind, channels, bits) = (Short(part, 0), Short(part, 2), Short(part, 14));
        if (kind == Extensible && part.Length >= 26) kind = Short(part, 24);
        var rate = BinaryPrimitives.ReadInt32LittleEndian(part[4..]);
        if (channels < 1 || rate < 1) throw new InvalidDataException($"its header is damaged: {channels} channels, {rate} samples a second");
        if (!(kind == Whole && bits is 8 or 16 or 24 or 32 || kind == Real && bits is 32 or 64))
            throw new InvalidDataException($"WAV of kind {kind} with {bits} bits is not read: whole numbers of 8, 16, 24 or 32 bits and floating point are");
        return (kind, channels, rate, bits);
    }

    private static float[] Samples(ReadOnlySpan<byte> bytes, int kind, int bits)
    {
        var samples = new float[bytes.Length / (bits / 8)];
        if (kind == Real && bits == 32) MemoryMarshal.Cast<byte, float>(bytes).CopyTo(samples);
        else
            for (var i = 0; i < samples.Length; i++)
                samples[i] = (kind, bits) switch
                {
                    (Whole, 8) => (bytes[i] - 128) / 128f,
                    (Whole, 16) => BinaryPrimitives.ReadInt16LittleEndian(bytes[(2 * i)..]) / 32768f,
                    (Whole, 24) => (bytes[3 * i] << 8 | bytes[3 * i + 1] << 16 | bytes[3 * i + 2] << 24) / 2147483648f,
                    (Whole, _) => BinaryPrimitives.ReadInt32LittleEndian(bytes[(4 * i)..]) / 2147483648f,
                    _ => (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes[(8 * i)..]),
                };
        foreach (var sample in samples)
            if (!float.IsFinite(sample)) throw new InvalidDataException("a sample is no finite number");
        return samples;
    }
}
