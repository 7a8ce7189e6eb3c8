namespace Interactive.Data;

/// <summary>A format of shards that <see cref="ImagePacker"/> writes.</summary>
public sealed record ShardFormat
{
    private ShardFormat(string name) => Name = name;

    /// <summary>MosaicML Streaming's shards.</summary>
    public static ShardFormat Mds { get; } = new("mds");
    /// <summary>WebDataset's tar archives.</summary>
    public static ShardFormat WebDataset { get; } = new("wds");
    /// <summary>One Parquet file in Hugging Face's layout.</summary>
    public static ShardFormat Parquet { get; } = new("parquet");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ShardFormat> All { get; } = [Mds, WebDataset, Parquet];

    /// <summary>As it is written on a command line: <c>mds</c>, <c>wds</c> or <c>parquet</c>.</summary>
    public string Name { get; }

    /// <summary>Reads a flag's text.</summary>
    /// <exception cref="UsageException">None of that name.</exception>
    public static ShardFormat Parse(string text) => All.FirstOrDefault(format => format.Name == text)
        ?? throw new UsageException($"unknown format '{text}': choose {string.Join(", ", All.SkipLast(1))} or {All[^1]}");

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() => Name;
}
