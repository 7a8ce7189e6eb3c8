using System.Security.Cryptography;

namespace Interactive.Data;

/// <summary>Shards in a folder of this machine. A packed one is unpacked once, into the node folder.</summary>
internal sealed class FolderShards(string folder, NodeFolder node) : IShards
{
    private readonly OpenFiles files = new();

    public string NameOf(string file) => Path.Combine(folder, file);

    public string? Text(string file) => File.Exists(NameOf(file)) ? File.ReadAllText(NameOf(file)) : null;

    public void Check(MdsShard shard)
    {
        var file = File.Exists(NameOf(shard.RawData.Basename)) ? shard.RawData : shard.ZipData ?? shard.RawData;
        var path = NameOf(file.Basename);
        if (!File.Exists(path)) throw new UsageException($"{path}: the shard is missing");
        if (!ReferenceEquals(file, shard.RawData)) PackedShard.Check(shard, path);
        var length = new FileInfo(path).Length;
        if (length != file.Bytes) throw new UsageException($"{path} has {length} bytes, the index says {file.Bytes}: it is {(length < file.Bytes ? "cut short" : "another file")}");
    }

    public byte[] Read(MdsShard shard, long offset, int count) => files.Read(PathOf(shard), offset, count);

    private string PathOf(MdsShard shard)
    {
        var path = NameOf(shard.RawData.Basename);
        if (shard.ZipData is not { } zip || File.Exists(path)) return path;
        var packed = new FileInfo(NameOf(zip.Basename));
        var key = PackedShard.Key(shard) ?? PackedShard.Key($"{packed.FullName} {packed.Length} {packed.LastWriteTimeUtc.Ticks}");
        return node.Get(key, shard.RawData.Bytes, to => PackedShard.Unpack(packed.FullName, to, shard))
            ?? throw new UsageException($"{packed.FullName} is packed, and there is no room to unpack it: set XDG_CACHE_HOME to a folder with {shard.RawData.Bytes} bytes");
    }

    public string? Problem(MdsShard shard)
    {
        if (shard.RawData.Hashes?.GetValueOrDefault("sha1") is not { } expected) return null;
        try
        {
            using var file = File.OpenRead(PathOf(shard));
            var hash = Convert.ToHexStringLower(SHA1.HashData(file));
            return hash == expected ? null : $"{NameOf(shard.RawData.Basename)}: its SHA-1 is {hash}, the index says {expected}";
        }
        catch (UsageException e) { return e.Message; }
    }

    public void Dispose() => files.Dispose();
}
