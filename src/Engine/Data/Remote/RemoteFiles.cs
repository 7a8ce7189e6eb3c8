namespace Interactive.Data;

/// <summary>
/// Whole files of a server, such as archives, kept in the node folder under what the server says of their content.
/// </summary>
internal static class RemoteFiles
{
    /// <summary>The path of a file on this machine.</summary>
    /// <exception cref="UsageException">It cannot be had, or the node folder does not take it.</exception>
    public static string Fetch(Uri uri, NodeFolder node, Origin origin)
    {
        var (key, length) = origin.Stamp(uri);
        var name = PackedShard.Key($"{Origin.Name(uri)} {key}")[..^4] + Path.GetExtension(uri.AbsolutePath);
        return node.Get(name, length, to => origin.Fetch(uri, to, length, null))
            ?? throw new UsageException($"{Origin.Name(uri)}: there is no room to keep it: set XDG_CACHE_HOME to a folder with {length} bytes");
    }
}
