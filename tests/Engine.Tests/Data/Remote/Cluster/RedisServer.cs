using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using StackExchange.Redis;

namespace Interactive.Engine.Tests.Data.Remote.Cluster;

/// <summary>Debian's redis-server on a free port, for a test alone: killed, stopped for a while, filled.</summary>
internal sealed class RedisServer : IDisposable
{
    private const string Path = "/usr/bin/redis-server";
    private const int Stop = 19, Continue = 18;

    private readonly string[] more;
    private Process process = null!;

    public RedisServer(params string[] more)
    {
        this.more = more;
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Port = ((IPEndPoint)free.LocalEndpoint).Port;
        }
        Start();
    }

    public static void Need() => Skip.IfNot(File.Exists(Path), "redis-server is not installed: apt-get install redis-server");

    public int Port { get; }
    public string Address => $"127.0.0.1:{Port}";

    public void Start()
    {
        process = Process.Start(new ProcessStartInfo(Path, ["--port", $"{Port}", "--bind", "127.0.0.1", "--save", "",
            "--appendonly", "no", "--maxmemory-policy", "noeviction", .. more])
        { RedirectStandardOutput = true })!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        for (var tries = 0; ; tries++)
            try
            {
                using var client = new TcpClient("127.0.0.1", Port);
                return;
            }
            catch (SocketException) when (tries < 200) { Thread.Sleep(25); }
    }

    public void Kill()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }

    /// <summary>It keeps its connections and says nothing.</summary>
    public void FallSilent() => Assert.Equal(0, kill(process.Id, Stop));

    public void GoOn() => Assert.Equal(0, kill(process.Id, Continue));

    /// <summary>Asks the server something, as one who may do everything.</summary>
    public T Ask<T>(Func<IDatabase, T> ask)
    {
        using var connection = ConnectionMultiplexer.Connect($"{Address},allowAdmin=true");
        return ask(connection.GetDatabase());
    }

    public string[] Keys() => Ask(d => d.Multiplexer.GetServers()[0].Keys().Select(k => $"{k}").Order(
        StringComparer.Ordinal).ToArray());

    /// <summary>From now on it takes nothing more.</summary>
    public void Fill() => Ask(d => d.Execute("CONFIG", "SET", "maxmemory", "1"));

    public void Dispose()
    {
        try
        {
            if (!process.HasExited) Kill();
        }
        catch (InvalidOperationException) { } // killed by the test
    }

    [DllImport("libc")] private static extern int kill(int process, int signal);
}
