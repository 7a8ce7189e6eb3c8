using StackExchange.Redis;

namespace Interactive.Data;

/// <summary>
/// One server of the shared cache. Whatever goes wrong with it is as if it had nothing: it is left alone for a while,
/// with one warning, and then asked again. Safe to use from several threads.
/// </summary>
/// <param name="address">Such as <c>redis://:password@host:6379</c>.</param>
/// <param name="times">How long it is waited for.</param>
internal sealed class CacheServer(Uri address, CacheTimes times) : IDisposable
{
    private readonly Lock gate = new();
    private ConnectionMultiplexer? connection;
    private long asksAgain, putsAgain; // Environment.TickCount64 from which it is used
    private int warned;

    /// <summary>Told of a server that is left alone; standard error by default.</summary>
    internal static Action<string> Warn { get; set; } = Console.Error.WriteLine;

    /// <summary>Host and port.</summary>
    public string Name => $"{address.Host}:{address.Port}";

    /// <summary>A value; null where it is not there or cannot be had. The caller disposes of it.</summary>
    public Lease<byte>? Get(string key) => Ask(d => d.StringGetLease(key), null);

    /// <summary>Keeps a value for a while; false where the server is full or does not answer.</summary>
    public bool Put(string key, ReadOnlyMemory<byte> value)
    {
        if (Environment.TickCount64 < Volatile.Read(ref putsAgain)) return false;
        return Ask(d => d.StringSet(key, value, times.Kept, When.Always), false);
    }

    /// <summary>
    /// Asks to be the one who does what a key names. Null: another is. One that dies is so no longer than
    /// <see cref="CacheTimes.Claim"/>.
    /// </summary>
    public IDisposable? Claim(string key)
    {
        var own = $"{Guid.NewGuid()}";
        // where it cannot be asked, everyone does it
        return Ask(d => d.LockTake(key, own, times.Claim), true) ? new Held(this, key, own, times.Claim) : null;
    }

    private T Ask<T>(Func<IDatabase, T> ask, T without)
    {
        if (Environment.TickCount64 < Volatile.Read(ref asksAgain)) return without;
        try { return ask(Connection.GetDatabase()); }
        catch (RedisServerException e) when (e.Message.StartsWith("OOM", StringComparison.Ordinal))
        {
            // what it has is still worth asking for
            Rest(ref putsAgain, "is full", "full");
            return without;
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException)
        {
            Rest(ref asksAgain, $"does not answer, data come from their origin: {e.Message.Split(['\n', ';', ',', ':'])[0].Trim()}", "silent");
            return without;
        }
    }

    private void Rest(ref long again, string why, string kind)
    {
        Volatile.Write(ref again, Environment.TickCount64 + (long)times.Rest.TotalMilliseconds);
        CacheMeter.Failed(kind);
        if (Interlocked.Exchange(ref warned, 1) == 0) Warn($"warning: data cache {Name} {why}");
    }

    private ConnectionMultiplexer Connection
    {
        get
        {
            lock (gate) return connection ??= Connect(address, times);
        }
    }

    private static ConnectionMultiplexer Connect(Uri address, CacheTimes times)
    {
        var who = Array.ConvertAll(address.UserInfo.Split(':', 2), Uri.UnescapeDataString);
        var options = new ConfigurationOptions
        {
            EndPoints = { { address.DnsSafeHost, address.Port } },
            Ssl = address.Scheme == "rediss",
            User = who[0].Length > 0 ? who[0] : null,
            Password = who.Length > 1 ? who[1] : null,
            AbortOnConnectFail = false, // it is tried again in the background
            ConnectTimeout = (int)times.Connect.TotalMilliseconds,
            SyncTimeout = (int)times.Patience.TotalMilliseconds,
            AsyncTimeout = (int)times.Patience.TotalMilliseconds,
            BacklogPolicy = BacklogPolicy.FailFast,
            ReconnectRetryPolicy = new LinearRetry((int)times.Connect.TotalMilliseconds),
        };
        return ConnectionMultiplexer.Connect(options);
    }

    public void Dispose() => connection?.Dispose();

    // Held as long as its holder lives and works, however long that takes.
    private sealed class Held : IDisposable
    {
        private readonly CacheServer server;
        private readonly string key, own;
        private readonly Timer again;

        public Held(CacheServer server, string key, string own, TimeSpan lasts)
        {
            (this.server, this.key, this.own) = (server, key, own);
            again = new Timer(_ => server.Ask(d => d.LockExtend(key, own, lasts), false), null, lasts / 3, lasts / 3);
        }

        public void Dispose()
        {
            again.Dispose();
            server.Ask(d => d.LockRelease(key, own), false);
        }
    }
}
