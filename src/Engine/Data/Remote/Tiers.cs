namespace Interactive.Data;

/// <summary>
/// Where a file of elsewhere is looked for: this machine's folder, the cluster's cache where there is one, its origin.
/// </summary>
/// <param name="node">Default the user's.</param>
/// <param name="cluster">Default this process's, as the environment says.</param>
/// <param name="origin">Default one with the usual patience.</param>
internal sealed class Tiers(NodeFolder? node = null, ClusterCache? cluster = null, Origin? origin = null)
{
    private readonly NodeFolder node = node ?? new();
    private readonly ClusterCache? cluster = cluster ?? ClusterCache.Shared;

    /// <summary>Where files come from.</summary>
    public Origin Origin { get; } = origin ?? new();

    /// <summary>
    /// The path of a key's file on this machine, made if it is not there; null where its folder takes none.
    /// </summary>
    public string? Get(string key, long? length, Action<string> make)
    {
        var made = false;
        var path = node.Get(key, length, to =>
        {
            made = true;
            make(to);
        });
        if (path is not null && !made) CacheMeter.Hit("node");
        return path;
    }

    /// <summary>Writes a whole file to a path.</summary>
    /// <param name="uri">Its address.</param>
    /// <param name="path">Where it is written.</param>
    /// <param name="length">Bytes that it must have; null where that is not known.</param>
    /// <param name="sha1">Its hash; null where that is not known.</param>
    /// <param name="key">Names its content.</param>
    /// <exception cref="UsageException">It cannot be had, or is another one.</exception>
    public void Fetch(Uri uri, string path, long? length, string? sha1, string key)
    {
        if (cluster is not null && length is { } known)
        {
            cluster.Fetch(key, path, known, file => Origin.Fetch(uri, file, known), file => Origin.Problem(uri, file, sha1));
            return;
        }
        using var whole = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        Origin.Fetch(uri, whole, length);
        if (Origin.Problem(uri, whole, sha1) is { } problem) throw new UsageException(problem);
        CacheMeter.Read("origin", whole.Length);
        CacheMeter.Hit("origin");
    }
}
