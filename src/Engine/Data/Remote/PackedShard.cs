using System.Security.Cryptography;
using System.Text;
using ZstdSharp;

namespace Interactive.Data;

/// <summary>Shards packed by Zstandard, and the names under which unpacked ones are kept.</summary>
internal static class PackedShard
{
    /// <summary>Refuses a packed shard of another kind.</summary>
    public static void Check(MdsShard shard, string path)
    {
        if (shard.Compression is not { } kind || kind.Split(':')[0] != "zstd") throw new UsageException($"{path} is packed by {shard.Compression ?? "something"}: zstd is read");
    }

    /// <summary>A name for a shard's content by its hash; null where the index has none.</summary>
    public static string? Key(MdsShard shard) => Hash(shard.RawData) is { } hash ? $"{hash}.mds" : null;

    /// <summary>A name for a content that a text stands for.</summary>
    public static string Key(string text) => $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..40]}.mds";

    public static string? Hash(MdsFile file)
        => file.Hashes?.GetValueOrDefault("sha1") is { Length: 40 } hash && hash.All(char.IsAsciiHexDigitLower) ? hash
            : null;

    /// <summary>Unpacks a shard, whose length and hash must be those of the index.</summary>
    /// <exception cref="UsageException">They are not, or it is damaged.</exception>
    public static void Unpack(string from, string to, MdsShard shard)
    {
        using var target = new FileStream(to, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        using (var packed = File.OpenRead(from))
        using (var unpacked = new DecompressionStream(packed))
        {
            var buffer = new byte[1 << 17];
            while (true)
            {
                int read;
                try { read = unpacked.Read(buffer); }
                catch (Exception e) when (e is ZstdException or EndOfStreamException) { throw new UsageException($"{from} is damaged or cut short: {e.Message}"); }
                if (read == 0) break;
                target.Write(buffer, 0, read);
                // no more than the index says: a small file may unpack to a full disk
                if (target.Length > shard.RawData.Bytes) throw new UsageException($"{from} unpacks to more than the {shard.RawData.Bytes} bytes that the index says");
            }
        }
        if (target.Length != shard.RawData.Bytes) throw new UsageException($"{from} unpacks to {target.Length} bytes, the index says {shard.RawData.Bytes}");
        target.Position = 0;
        if (Hash(shard.RawData) is { } expected && Convert.ToHexStringLower(SHA1.HashData(target)) is var hash
            && hash != expected)
            throw new UsageException($"{from}: the SHA-1 of what it unpacks to is {hash}, the index says {expected}");
    }
}
