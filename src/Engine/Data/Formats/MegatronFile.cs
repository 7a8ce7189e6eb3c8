using Interactive.Runtime;
using System.Buffers.Binary;

namespace Interactive.Data;

/// <summary>
/// Token files of Megatron-LM: numbers in <c>NAME.bin</c>, lengths and places of documents in <c>NAME.idx</c>.
/// </summary>
public static class MegatronFile
{
    private const int Sixteen = 8, ThirtyTwo = 4;
    private static ReadOnlySpan<byte> Magic => "MMIDIDX\0\0"u8;

    /// <summary>Writes documents: in 16 bits a token where the vocabulary allows, else in 32.</summary>
    /// <param name="name">The files' name without <c>.bin</c> and <c>.idx</c>; the index is written last.</param>
    /// <param name="documents">Their tokens.</param>
    /// <param name="vocabulary">Number of different tokens.</param>
    /// <exception cref="UsageException">A token is outside the vocabulary, or there is no document.</exception>
    public static void Write(string name, IReadOnlyList<int[]> documents, int vocabulary)
    {
        if (documents.Count == 0) throw new UsageException("there is no document to write");
        var size = vocabulary <= 65500 ? 2 : 4;
        for (var d = 0; d < documents.Count; d++)
            foreach (var token in documents[d])
                if ((uint)token >= (uint)vocabulary) throw new UsageException($"document {d} holds token {token}, outside the vocabulary of {vocabulary}");
        AtomicFile.Write($"{name}.bin", file =>
        {
            foreach (var document in documents)
                foreach (var token in document)
                    file.Write(size == 2 ? BitConverter.GetBytes((ushort)token) : BitConverter.GetBytes(token));
        });
        AtomicFile.Write($"{name}.idx", file =>
        {
            file.Write(Magic);
            file.Write(BitConverter.GetBytes(1UL));
            file.WriteByte((byte)(size == 2 ? Sixteen : ThirtyTwo));
            file.Write(BitConverter.GetBytes((ulong)documents.Count));
            file.Write(BitConverter.GetBytes((ulong)documents.Count + 1));
            foreach (var document in documents) file.Write(BitConverter.GetBytes(document.Length));
            var offset = 0L;
            foreach (var document in documents)
            {
                file.Write(BitConverter.GetBytes(offset));
                offset += (long)size * document.Length;
            }
            for (var d = 0L; d <= documents.Count; d++) file.Write(BitConverter.GetBytes(d));
        });
    }

    /// <summary>The sequences' tokens, one sample each.</summary>
    /// <param name="name">The files' name, with or without <c>.bin</c> or <c>.idx</c>.</param>
    /// <exception cref="UsageException">A file is missing or damaged.</exception>
    public static IDataset<int[]> Read(string name)
    {
        if (name.EndsWith(".bin", StringComparison.Ordinal) || name.EndsWith(".idx", StringComparison.Ordinal))
            name = name[..^4];
        foreach (var path in (string[])[$"{name}.idx", $"{name}.bin"])
            if (!File.Exists(path)) throw new UsageException($"{path}: there is no such file of tokens");
        var index = File.ReadAllBytes($"{name}.idx");
        if (index.Length < 34 || !index.AsSpan(0, 9).SequenceEqual(Magic)
            || BinaryPrimitives.ReadUInt64LittleEndian(index.AsSpan(9)) != 1)
            throw new UsageException($"{name}.idx is no index of Megatron's version 1");
        var kind = index[17];
        if (kind is not (Sixteen or ThirtyTwo))
            throw new UsageException($"{name}.idx: tokens of type {kind}; 4 (int32) and 8 (uint16) are read");
        var (sequences, documents) = (BinaryPrimitives.ReadInt64LittleEndian(index.AsSpan(18)),
            BinaryPrimitives.ReadInt64LittleEndian(index.AsSpan(26)));
        if (sequences is < 1 or > int.MaxValue || documents is < 0 or > int.MaxValue
            || index.Length != 34 + 12 * sequences + 8 * documents)
            throw new UsageException($"{name}.idx has {index.Length} bytes, which are not {sequences} sequences and {documents} bounds of documents");
        return new Tokens(name, kind == Sixteen ? 2 : 4, (int)sequences, index);
    }

    private sealed class Tokens : IDataset<int[]>
    {
        private readonly string path;
        private readonly int size;
        private readonly int[] lengths;
        private readonly long[] offsets;
        private readonly OpenFiles files = new();

        public Tokens(string name, int size, int count, byte[] index)
        {
            (path, this.size, lengths, offsets) = ($"{name}.bin", size, new int[count], new long[count]);
            var bytes = new FileInfo(path).Length;
            for (var i = 0; i < count; i++)
            {
                lengths[i] = BinaryPrimitives.ReadInt32LittleEndian(index.AsSpan(34 + 4 * i));
                offsets[i] = BinaryPrimitives.ReadInt64LittleEndian(index.AsSpan(34 + 4 * count + 8 * i));
                if (lengths[i] < 0 || offsets[i] < 0
                    || (long)size * lengths[i] is var length && (length > int.MaxValue || offsets[i] > bytes - length))
                    throw new UsageException($"{path} is cut short: sequence {i} ends at byte {(Int128)offsets[i] + (long)size * lengths[i]}, the file has {bytes}");
            }
        }

        public int Count => lengths.Length;
        public string Origin(int index) => $"{path}, sequence {index}";

        public int[] this[int index]
        {
            get
            {
                var bytes = files.Read(path, offsets[index], size * lengths[index]);
                var tokens = new int[lengths[index]];
                for (var i = 0; i < tokens.Length; i++)
                    tokens[i] = size == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(2 * i))
                    : BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(4 * i));
                return tokens;
            }
        }
    }
}
