namespace Interactive.Kernel.Hosting.Boxes;

/// <summary>A folder or file of the host that is seen inside a box.</summary>
/// <param name="Host">Its path outside.</param>
/// <param name="Inside">Its path inside.</param>
/// <param name="IsReadOnly">Whether it can only be read there.</param>
internal sealed record Bind(string Host, string Inside, bool IsReadOnly = false)
{
    /// <summary>Reads A:B, A:B:ro, or A for the same path on both sides.</summary>
    /// <exception cref="UsageException">It is none of them, or A is not there.</exception>
    public static Bind Parse(string text)
    {
        var parts = text.Split(':');
        if (parts is not ([_] or [_, _] or [_, _, "ro"]) || parts.Any(p => p.Length == 0)
            || parts.Length > 1 && parts[1][0] != '/')
            throw new UsageException($"--bind {text}: write A, A:B or A:B:ro, with B an absolute path inside the box");
        var host = Path.GetFullPath(parts[0]);
        return Path.Exists(host) ? new(host, parts.Length > 1 ? parts[1] : host, parts.Length > 2)
            : throw new UsageException($"--bind {text}: there is no {host}");
    }

    /// <summary>What a host path that must be the same inside becomes.</summary>
    public static Bind Same(string path, bool isReadOnly) => new(path, path, isReadOnly);
}
