using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Interactive.Data;

/// <summary>
/// What the machines of a cluster have fetched, for each other: files in parts of a MiB on servers that speak Redis's
/// protocol. Each file has one server by its key; one machine fetches it from its origin while the others wait for the
/// parts. Every part carries a hash of its key and bytes. A cache that fails is a cache that has nothing.
/// </summary>
internal sealed class ClusterCache : IDisposable
{
    /// <summary>Names the servers, such as <c>node1:6379,node2:6379</c>.</summary>
    public const string Variable = "INTERACTIVE_DATA_CACHE";

    private const int Part = 1 << 20, Hash = SHA256.HashSizeInBytes, DefaultPort = 6379;

    private static readonly TimeSpan between = TimeSpan.FromMilliseconds(50);
    private static readonly Lazy<ClusterCache?> shared = new(()
        => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? new(text) : null);

    private readonly CacheServer[] servers;
    private readonly CacheTimes times;

    /// <param name="text">Servers with commas between: host, host:port, or redis://:password@host:port (rediss for
    /// TLS).</param>
    /// <param name="times">How long they are waited for; defaults for null.</param>
    /// <exception cref="UsageException">One is no address.</exception>
    public ClusterCache(string text, CacheTimes? times = null)
    {
        this.times = times ?? new();
        servers = [.. text.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries)
            .Select(t => new CacheServer(Parse(t), this.times))];
        if (servers.Length == 0) throw new UsageException($"{Variable}={text}: it names no server, such as node1:{DefaultPort}");
    }

    /// <summary>This process's, as the environment says; null where it says nothing.</summary>
    /// <exception cref="UsageException">It says no address.</exception>
    public static ClusterCache? Shared => shared.Value;

    private static Uri Parse(string text)
    {
        var isAddress = text.Contains("://");
        if (Uri.TryCreate(isAddress ? text : $"redis://{text}", UriKind.Absolute, out var uri)
            && uri.Scheme is "redis" or "rediss" && uri.Host.Length > 0 && uri.AbsolutePath is "" or "/")
            return uri.Port > 0 ? uri : new UriBuilder(uri) { Port = DefaultPort }.Uri;
        throw new UsageException($"{Variable}: '{(text.Contains('@') ? "…" + text[text.LastIndexOf('@')..] : text)}' is no server: host, host:port or redis://:password@host:port is needed");
    }

    /// <summary>Writes a whole file: what the cluster has of it, and the rest from its origin, for the others too.</summary>
    /// <param name="key">Names its content.</param>
    /// <param name="path">Where it is written.</param>
    /// <param name="length">Bytes that it has.</param>
    /// <param name="complete">Adds from the origin what a beginning lacks.</param>
    /// <param name="problem">What is wrong with the whole file; null for nothing.</param>
    /// <exception cref="UsageException">The origin does not have it, or another one.</exception>
    public void Fetch(string key, string path, long length, Action<Stream> complete, Func<Stream, string?> problem)
    {
        var server = Home(key);
        using var file = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        IDisposable? claim = null;
        try
        {
            claim = Claim(server, key, file, length);
            var taken = file.Length;
            if (taken < length) complete(file);
            CacheMeter.Read("cluster", taken);
            CacheMeter.Read("origin", length - taken);
            if (taken > 0 && problem(file) is not null)
            {
                // parts that are whole, each for itself, may be another file's
                CacheMeter.Failed("wrong");
                CacheMeter.Read("origin", length);
                file.SetLength(taken = 0);
                complete(file);
            }
            if (problem(file) is { } wrong) throw new UsageException(wrong);
            if (taken < length) Put(server, key, file, taken);
            CacheMeter.Hit(taken < length ? "origin" : "cluster");
        }
        finally { claim?.Dispose(); } // not before the others find it
    }

    // Takes what is there, and waits for what another is fetching. What is missing then is this machine's to fetch.
    private IDisposable? Claim(CacheServer server, string key, FileStream file, long length)
    {
        for (var started = Stopwatch.GetTimestamp(); !Take(server, key, file, length); Thread.Sleep(between))
        {
            var claim = server.Claim($"{Name(key)}:claim");
            if (claim is null && Stopwatch.GetElapsedTime(started) < times.Deadline) continue;
            Take(server, key, file, length); // it may have come in between
            return claim;
        }
        return null;
    }

    // Parts from the file's end on, as long as they are there; true when it is whole.
    private static bool Take(CacheServer server, string key, FileStream file, long length)
    {
        file.Position = file.Length;
        while (file.Length < length)
        {
            var name = Name(key, file.Length / Part);
            using var value = server.Get(name);
            if (value is null) return false;
            var bytes = value.Span;
            var count = (int)Math.Min(Part, length - file.Length);
            if (bytes.Length != Hash + count || !bytes[..Hash].SequenceEqual(Seal(name, bytes[Hash..])))
            {
                CacheMeter.Failed("wrong");
                return false;
            }
            file.Write(bytes[Hash..]);
        }
        return true;
    }

    private static void Put(CacheServer server, string key, FileStream file, long from)
    {
        var value = ArrayPool<byte>.Shared.Rent(Hash + Part);
        for (var at = from; at < file.Length; at += Part)
        {
            var name = Name(key, at / Part);
            file.Position = at;
            var count = file.ReadAtLeast(value.AsSpan(Hash, Part), Part, throwOnEndOfStream: false);
            Seal(name, value.AsSpan(Hash, count)).CopyTo(value, 0);
            // full, or silent: readers take the rest from the origin; the buffer may be on its way still
            if (!server.Put(name, value.AsMemory(0, Hash + count))) return;
        }
        ArrayPool<byte>.Shared.Return(value);
    }

    private static byte[] Seal(string name, ReadOnlySpan<byte> bytes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(name));
        hash.AppendData(bytes);
        return hash.GetHashAndReset();
    }

    private static string Name(string key) => $"interactive:1:{key}";

    private static string Name(string key, long part) => string.Create(CultureInfo.InvariantCulture, $"{Name(key)}:{part}");

    // Rendezvous hashing: a server that is added or goes moves the files of its own share alone.
    private CacheServer Home(string key)
        => servers.MaxBy(s => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{s.Name} {key}"))),
            StringComparer.Ordinal)!;

    public void Dispose()
    {
        foreach (var server in servers) server.Dispose();
    }
}
