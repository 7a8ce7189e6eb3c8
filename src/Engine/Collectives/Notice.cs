using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Interactive.Collectives;

/// <summary>
/// What a rank is about to do, in 128 bytes, so that the others can compare it with what they are about to do.
/// </summary>
internal readonly record struct Notice(long Number, long Count, string Operation, string Name)
{
    public const int Bytes = NodeGroup.NoticeBytes / 2;
    const int Header = 17;

    public void Write(Span<byte> target)
    {
        target.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(target, Number);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], Count);
        target[16] = (byte)Operation.Length;
        Encoding.ASCII.GetBytes(Operation, target[Header..]);
        // A long name keeps its end: "…layer4.2.conv3.weight".
        var name = Encoding.UTF8.GetBytes(Name);
        name.AsSpan(Math.Max(0, name.Length - (Bytes - Header - Operation.Length)))
            .CopyTo(target[(Header + Operation.Length)..]);
    }

    /// <summary>Writes another number and count over those of a written notice.</summary>
    public static void Renumber(Span<byte> written, long number, long count)
    {
        BinaryPrimitives.WriteInt64LittleEndian(written, number);
        BinaryPrimitives.WriteInt64LittleEndian(written[8..], count);
    }

    /// <summary>A number for operation and name of a written notice.</summary>
    public static ulong DigestOfWords(ReadOnlySpan<byte> written)
    {
        var digest = Prime;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(written[16..])) digest = Mix(digest, word);
        return digest;
    }

    /// <summary>A number for the whole notice: the same on every rank, and another one for anything else.</summary>
    public static ulong Digest(ulong ofWords, long number, long count)
        => Mix(Mix(ofWords, (ulong)number), (ulong)count);

    const ulong Prime = 0x9E3779B97F4A7C15; // 2^64 over the golden ratio, odd
    static ulong Mix(ulong digest, ulong word) => BitOperations.RotateLeft((digest ^ word) * Prime, 29);

    public static Notice Read(ReadOnlySpan<byte> source)
    {
        int operation = source[16];
        return new(BinaryPrimitives.ReadInt64LittleEndian(source), BinaryPrimitives.ReadInt64LittleEndian(source[8..]),
            Encoding.ASCII.GetString(source.Slice(Header, operation)),
                Encoding.UTF8.GetString(source[(Header + operation)..Bytes]).TrimEnd('\0'));
    }

    public override string ToString()
        => $"{Operation}{(Name == "" ? "" : " " + Name)} ({Count} elements, operation {Number})";
}
