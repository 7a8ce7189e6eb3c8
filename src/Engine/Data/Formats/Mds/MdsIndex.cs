using System.Text.Json;
using System.Text.Json.Serialization;

namespace Interactive.Data;

/// <summary><c>index.json</c> of an MDS data set, with the names that MosaicML Streaming gives its parts.</summary>
internal sealed record MdsIndex(int Version, IReadOnlyList<MdsShard> Shards)
{
    public const string FileName = "index.json";

    private static readonly JsonSerializerOptions json =
        new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public string ToJson() => JsonSerializer.Serialize(this, json);

    /// <exception cref="UsageException">It is missing, no index, or of shards that are not read here.</exception>
    public static MdsIndex Read(IShards files)
    {
        var path = files.NameOf(FileName);
        var text = files.Text(FileName) ?? throw new UsageException($"{path}: there is no such file; an MDS data set is a folder with an {FileName}");
        MdsIndex? index;
        try { index = JsonSerializer.Deserialize<MdsIndex>(text, json); }
        catch (JsonException e) { throw new UsageException($"{path} is no index of MDS shards: {e.Message.Split('\n')[0]}"); }
        if (index?.Shards is not { Count: > 0 } shards) throw new UsageException($"{path} names no shards");
        foreach (var shard in shards)
        {
            if (shard?.RawData?.Basename is null || shard.ColumnNames?.All(n => n is not null) != true
                || shard.ColumnEncodings?.All(e => e is not null) != true)
                throw new UsageException($"{path}: a shard lacks its raw_data, basename, column_names or column_encodings");
            if (shard.Format != "mds" || shard.Version != 2) throw new UsageException($"{path}: a shard of {shard.Format} version {shard.Version}; mds version 2 is read");
            foreach (var file in (string?[])[shard.ZipData is { } zip ? zip.Basename ?? ""
                : null, shard.RawData.Basename])
                if (file is not null && (file != Path.GetFileName(file) || file is "" or "." or ".."))
                    throw new UsageException($"{path}: the shard '{file}' would lie outside the folder");
            var name = shard.RawData.Basename;
            if (shard.RawData.Bytes < 0 || shard.ZipData?.Bytes < 0) throw new UsageException($"{path}: {name} has a negative number of bytes");
            if (shard.ColumnNames.Count == 0 || shard.ColumnNames.Count != shard.ColumnEncodings.Count) throw new UsageException($"{path}: {name} has {shard.ColumnNames.Count} columns and {shard.ColumnEncodings.Count} encodings");
            if (shard.Samples < 0) throw new UsageException($"{path}: {name} has {shard.Samples} samples");
        }
        return index;
    }
}

/// <summary>One shard as the index tells of it.</summary>
internal sealed record MdsShard(IReadOnlyList<string> ColumnEncodings, IReadOnlyList<string> ColumnNames,
    IReadOnlyList<int?> ColumnSizes, string? Compression, string Format,
    IReadOnlyList<string> Hashes, MdsFile RawData, int Samples, long? SizeLimit, int Version, MdsFile? ZipData);

/// <summary>A file as the index tells of it.</summary>
internal sealed record MdsFile(string Basename, long Bytes, IReadOnlyDictionary<string, string> Hashes);
