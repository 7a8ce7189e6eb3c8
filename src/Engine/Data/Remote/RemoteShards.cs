using System.Collections.Concurrent;
using System.Text;

namespace Interactive.Data;

/// <summary>
/// Shards of a server, each fetched whole into the node folder when a sample of it is first read, and compared with the
/// index's length and hash before it is used. Where the folder takes none, samples are read from the server one by one.
/// </summary>
internal sealed class RemoteShards(Uri folder, Tiers tiers) : IShards
{
    private readonly Origin origin = tiers.Origin;
    private readonly OpenFiles files = new();
    private readonly ConcurrentDictionary<string, string> there = [];

    private Uri UriOf(string file) => new($"{folder.GetLeftPart(UriPartial.Path).TrimEnd('/')}/{Uri.EscapeDataString(file)}{folder.Query}");

    public string NameOf(string file) => Origin.Name(UriOf(file));

    public string? Text(string file) => origin.Find(UriOf(file)) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    public void Check(MdsShard shard)
    {
        if (shard.ZipData is { } zip) PackedShard.Check(shard, NameOf(zip.Basename));
    }

    public byte[] Read(MdsShard shard, long offset, int count)
    {
        if (Locate(shard) is not { } path)
            return shard.ZipData is null ? origin.Read(UriOf(shard.RawData.Basename), offset, count)
                : throw new UsageException($"{NameOf(shard.ZipData.Basename)} is packed, and there is no room to unpack it: set XDG_CACHE_HOME to a folder with {shard.RawData.Bytes} bytes");
        try { return files.Read(path, offset, count); }
        catch (Exception e) when (e is InvalidDataException or IOException && !new FileInfo(path).Exists)
        {
            there.TryRemove(shard.RawData.Basename, out _); // somebody emptied the node folder
            return Locate(shard) is { } again ? files.Read(again, offset, count)
                : origin.Read(UriOf(shard.RawData.Basename), offset, count);
        }
    }

    private string? Locate(MdsShard shard)
    {
        var name = shard.RawData.Basename;
        if (there.TryGetValue(name, out var known))
        {
            CacheMeter.Hit("process");
            return known;
        }
        var uri = UriOf(shard.ZipData?.Basename ?? name);
        var key = PackedShard.Key(shard) ?? PackedShard.Key($"{Origin.Name(uri)} {origin.Stamp(uri).Key}");
        var path = tiers.Get(key, shard.RawData.Bytes, to => Fetch(shard, uri, to, key));
        return path is null ? null : there[name] = path;
    }

    private void Fetch(MdsShard shard, Uri uri, string to, string key)
    {
        var file = shard.ZipData ?? shard.RawData;
        if (shard.ZipData is null)
        {
            tiers.Fetch(uri, to, file.Bytes, PackedShard.Hash(file), key);
            return;
        }
        var packed = $"{to}.zstd";
        try
        {
            tiers.Fetch(uri, packed, file.Bytes, PackedShard.Hash(file), $"{key}.zstd");
            PackedShard.Unpack(packed, to, shard);
        }
        finally { File.Delete(packed); }
    }

    public string? Problem(MdsShard shard)
    {
        try
        {
            return Locate(shard) is null ? $"{NameOf(shard.RawData.Basename)}: not compared, as the node folder takes no more" : null;
        }
        catch (UsageException e) { return e.Message; }
    }

    public void Dispose() => files.Dispose();
}
