using System.Buffers.Binary;

namespace Interactive.Data;

/// <summary>Samples of MDS shards, each read alone, from any thread.</summary>
internal sealed class MdsDataset : IDataset<DataRecord>, IDisposable
{
    private readonly IShards files;
    private readonly MdsShard[] shards;
    private readonly int[] ends;
    private readonly Lazy<uint[]>[] offsets;
    private readonly MdsEncoding[][] encodings;

    /// <param name="files">Where they lie; goes with this.</param>
    /// <exception cref="UsageException">There is no index, or a shard is missing or cut short.</exception>
    public MdsDataset(IShards files)
    {
        this.files = files;
        shards = [.. MdsIndex.Read(files).Shards];
        ClassNames = files.Text(ClassNamesFile.Name) is { } text
            ? ClassNamesFile.Parse(text, files.NameOf(ClassNamesFile.Name)) : [];
        (ends, encodings) = (new int[shards.Length], new MdsEncoding[shards.Length][]);
        var end = 0;
        for (var i = 0; i < shards.Length; i++)
        {
            var shard = shards[i];
            encodings[i] = [.. shard.ColumnEncodings.Select(MdsEncoding.Of)];
            files.Check(shard);
            ends[i] = end = checked(end + shard.Samples);
        }
        offsets = [.. Enumerable.Range(0, shards.Length).Select(i =>
            // a failure is not kept: a server may come back
            new Lazy<uint[]>(() => ReadOffsets(i), LazyThreadSafetyMode.PublicationOnly))];
    }

    public int Count => ends[^1];
    public IReadOnlyList<string> ClassNames { get; }

    public string Origin(int index)
    {
        var (shard, at) = Find(index);
        return $"{PathOf(shard)}, sample {at}";
    }

    public DataRecord this[int index]
    {
        get
        {
            var (shard, at) = Find(index);
            var (begin, end) = (offsets[shard].Value[at], offsets[shard].Value[at + 1]);
            return Decode(shards[shard], encodings[shard], files.Read(shards[shard], begin, (int)(end - begin)));
        }
    }

    private static DataRecord Decode(MdsShard shard, MdsEncoding[] ways, byte[] sample)
    {
        var values = new Dictionary<string, object>(ways.Length);
        var (head, at) = (0, 4 * ways.Count(w => w.Size is null));
        for (var i = 0; i < ways.Length; i++)
        {
            var size = ways[i].Size
                ?? (head + 4 <= sample.Length ? BinaryPrimitives.ReadInt32LittleEndian(sample.AsSpan(head)) : -1);
            if (ways[i].Size is null) head += 4;
            if (size < 0 || size > sample.Length - at) throw new InvalidDataException($"column '{shard.ColumnNames[i]}' claims {size} bytes, {Math.Max(0, sample.Length - at)} are left");
            values[shard.ColumnNames[i]] = ways[i].Read(sample[at..(at + size)]);
            at += size;
        }
        return at == sample.Length ? new DataRecord(values)
            : throw new InvalidDataException($"{sample.Length - at} bytes are left over behind the last column");
    }

    private uint[] ReadOffsets(int shard)
    {
        var (path, samples) = (PathOf(shard), shards[shard].Samples);
        var head = files.Read(shards[shard], 0, checked(4 * (samples + 2)));
        var table = new uint[samples + 1];
        for (var i = 0; i <= samples; i++) table[i] = BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(4 + 4 * i));
        var count = BinaryPrimitives.ReadUInt32LittleEndian(head);
        if (count != samples || table[^1] != shards[shard].RawData.Bytes
            || !table.Zip(table.Skip(1))
            .All(pair => pair.First <= pair.Second && pair.Second - pair.First <= int.MaxValue))
            throw new InvalidDataException($"{path}: the table of its {samples} samples is damaged");
        return table;
    }

    private (int Shard, int Index) Find(int index)
    {
        if ((uint)index >= (uint)Count)
            throw new ArgumentOutOfRangeException(nameof(index),
            $"there is no sample {index}: the data set has {Count}");
        var shard = Array.BinarySearch(ends, index + 1);
        if (shard < 0) shard = ~shard;
        while (shards[shard].Samples == 0) shard++;
        return (shard, index - (ends[shard] - shards[shard].Samples));
    }

    private string PathOf(int shard) => files.NameOf(shards[shard].RawData.Basename);

    /// <summary>Compares each shard with the hash in the index.</summary>
    public IEnumerable<string> Problems() => shards.Select(files.Problem).OfType<string>();

    public void Dispose() => files.Dispose();
}
