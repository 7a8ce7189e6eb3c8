using Interactive.Runtime;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Interactive.Data;

/// <summary>
/// Writes samples as MDS shards, which MosaicML Streaming and <see cref="Dataset.FromMds"/> read. The index is written
/// last: a folder without one is not finished, and is not read.
/// </summary>
public sealed class MdsWriter : IDisposable
{
    private readonly string folder;
    private readonly (string Name, string Encoding, MdsEncoding Way)[] columns;
    private readonly long limit;
    private readonly byte[] config;
    private readonly List<byte[]> samples = [];
    private readonly List<MdsShard> shards = [];
    private long size;
    private bool isFinished;

    /// <summary>Begins a data set.</summary>
    /// <param name="folder">A folder that is empty, or is made.</param>
    /// <param name="columns">Names with Streaming's encodings, such as bytes, jpeg, str, int or float32.</param>
    /// <param name="limit">Bytes of a shard at most; default 64 MiB.</param>
    /// <exception cref="UsageException">The folder holds something, or an encoding is not known.</exception>
    public MdsWriter(string folder, IReadOnlyDictionary<string, string> columns, long limit = 1 << 26)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new UsageException($"{folder} is not empty: give a folder of its own for the shards");
        if (columns.Count == 0) throw new UsageException("MDS needs at least one column");
        if (limit is < 1 or > uint.MaxValue)
            throw new UsageException($"a shard's limit must be 1 byte to 4 GiB, got {limit}");
        (this.folder, this.limit) = (folder, limit);
        this.columns =
            [.. columns.OrderBy(c => c.Key, StringComparer.Ordinal)
            .Select(c => (c.Key, c.Value, MdsEncoding.Of(c.Value)))];
        config = Encoding.UTF8.GetBytes(Config());
        Directory.CreateDirectory(folder);
        size = Head(0);
    }

    /// <summary>Adds a sample.</summary>
    /// <exception cref="UsageException">A column is missing or holds another kind of value, or the sample is larger
    /// than a shard.</exception>
    public void Write(DataRecord record)
    {
        using var sample = new MemoryStream();
        byte[][] values = [.. columns.Select(c => c.Way.Write(c.Name, record[c.Name]))];
        for (var i = 0; i < columns.Length; i++)
            if (columns[i].Way.Size is null) sample.Write(BitConverter.GetBytes(values[i].Length));
        foreach (var value in values) sample.Write(value);
        if (samples.Count > 0 && size + 4 + sample.Length > limit) Flush();
        if (size + 4 + sample.Length > uint.MaxValue)
            throw new UsageException($"a sample of {sample.Length} bytes is larger than a shard can be");
        samples.Add(sample.ToArray());
        size += 4 + sample.Length;
    }

    /// <summary>Writes what is left and the index.</summary>
    public void Finish()
    {
        if (samples.Count > 0) Flush();
        if (shards.Count == 0) throw new UsageException("there is no sample to write");
        AtomicFile.WriteText(Path.Combine(folder, MdsIndex.FileName), new MdsIndex(2, shards).ToJson());
        isFinished = true;
    }

    private long Head(int count) => 4 + 4 * (count + 1L) + config.Length;

    private void Flush()
    {
        var name = $"shard.{shards.Count:00000}.mds";
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        AtomicFile.Write(Path.Combine(folder, name), file =>
        {
            void Put(byte[] bytes)
            {
                file.Write(bytes);
                hash.AppendData(bytes);
            }
            Put(BitConverter.GetBytes((uint)samples.Count));
            var offset = Head(samples.Count);
            Put(BitConverter.GetBytes((uint)offset));
            foreach (var sample in samples) Put(BitConverter.GetBytes((uint)(offset += sample.Length)));
            Put(config);
            foreach (var sample in samples) Put(sample);
        });
        var bytes = Head(samples.Count) + samples.Sum(s => (long)s.Length);
        shards.Add(new MdsShard([.. columns.Select(c => c.Encoding)], [.. columns.Select(c => c.Name)],
            [.. columns.Select(c => c.Way.Size)], null, "mds", ["sha1"],
            new MdsFile(name, bytes,
                new Dictionary<string, string> { ["sha1"] = Convert.ToHexStringLower(hash.GetHashAndReset()) }),
                samples.Count, limit, 2, null));
        samples.Clear();
        size = Head(0);
    }

    // Python's json.dumps with sorted keys, as Streaming writes it into each shard.
    private string Config()
    {
        static string List(IEnumerable<string> parts) => $"[{string.Join(", ", parts)}]";
        static string Quote(string text) => JsonSerializer.Serialize(text);
        return $"{{\"column_encodings\": {List(columns.Select(c => Quote(c.Encoding)))}, \"column_names\": {List(columns.Select(c => Quote(c.Name)))}, " +
            $"\"column_sizes\": {List(columns.Select(c => c.Way.Size?.ToString() ?? "null"))}, \"compression\": null, \"format\": \"mds\", \"hashes\": [\"sha1\"], \"size_limit\": {limit}, \"version\": 2}}";
    }

    /// <summary>Ends. What was written without <see cref="Finish"/> is removed.</summary>
    public void Dispose()
    {
        if (isFinished) return;
        foreach (var shard in shards) File.Delete(Path.Combine(folder, shard.RawData.Basename));
        isFinished = true;
    }
}
