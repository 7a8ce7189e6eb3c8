using System.IO.Enumeration;

namespace Interactive.Data;

/// <summary>
/// Whole files of a server, such as archives, kept in the node folder under what the server says of their content.
/// </summary>
internal static class RemoteFiles
{
    /// <summary>The files on this machine, of a file's address, a run of numbers, or a pattern of a bucket's.</summary>
    /// <param name="pattern">An address, such as <c>https://host/train-{00..09}.tar</c>.</param>
    /// <param name="tiers">Where they are looked for.</param>
    /// <exception cref="UsageException">One cannot be had, or there is none like that.</exception>
    public static (string[] Names, Func<string, string> Locate) Find(string pattern, Tiers tiers)
        => (FilePattern.Run(pattern) ?? Listed(pattern, tiers.Origin) ?? [pattern],
            name => Fetch(Origin.Address(name), tiers));

    // Only a bucket tells what is in it.
    private static string[]? Listed(string pattern, Origin origin)
    {
        if (!pattern.Contains('*')) return null;
        var uri = Origin.Address(pattern[..pattern.IndexOf('*')]);
        if (uri.Scheme != S3Site.Scheme) throw new UsageException($"{pattern}: a web server does not tell its files' names; give a run of numbers such as train-{{000..099}}.tar");
        var bucket = pattern[..pattern.IndexOf('/', pattern.IndexOf("//", StringComparison.Ordinal) + 2)];
        string[] found = [.. S3Listing.Read(origin, uri).Select(key => $"{bucket}/{key}")
            .Where(name => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false))];
        return found.Length > 0 ? found : throw new UsageException($"{pattern}: there is no such file");
    }

    /// <summary>A bucket's folder as the address of what lies in it; other sources as they are.</summary>
    /// <exception cref="UsageException">There is neither an index of shards nor archives nor Parquet files.</exception>
    public static string Resolve(string source, Origin? origin = null)
    {
        if (!Origin.Has(source) || Origin.Address(source).Scheme != S3Site.Scheme) return source;
        var folder = source.TrimEnd('/');
        string[] kinds = [".tar", ".parquet"];
        if (kinds.Any(kind => source.EndsWith(kind, StringComparison.OrdinalIgnoreCase))) return source;
        var keys = S3Listing.Read(origin ?? new(), Origin.Address($"{folder}/"));
        if (keys.Any(key => Path.GetFileName(key) == MdsIndex.FileName)) return folder;
        var found = kinds.FirstOrDefault(kind => keys.Any(key => key.EndsWith(kind, StringComparison.OrdinalIgnoreCase)));
        return found is not null ? $"{folder}/*{found}" : throw new UsageException($"{folder}: there is neither an {MdsIndex.FileName} of MDS shards nor a .tar or .parquet file; pack a folder of pictures by 'interactive data pack'");
    }

    /// <summary>The path of a file on this machine.</summary>
    /// <exception cref="UsageException">It cannot be had, or the node folder does not take it.</exception>
    public static string Fetch(Uri uri, Tiers tiers)
    {
        var (key, length) = tiers.Origin.Stamp(uri);
        var name = PackedShard.Key($"{Origin.Name(uri)} {key}")[..^4] + Path.GetExtension(uri.AbsolutePath);
        return tiers.Get(name, length, to => tiers.Fetch(uri, to, length, null, name))
            ?? throw new UsageException($"{Origin.Name(uri)}: there is no room to keep it: set XDG_CACHE_HOME to a folder with {length} bytes");
    }
}
