using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Interactive.Collectives;

/// <summary>
/// Notices at once when another rank's process ends: every rank keeps a TCP connection to rank 0, which the kernel closes
/// when a process dies. A rank that leaves in order says so first. Without a reachable address there is no watch, and the
/// launcher alone ends the job.
/// </summary>
internal sealed class PeerWatch : IDisposable
{
    const byte Bye = (byte)'B', Announced = (byte)'F';
    const int ConnectMilliseconds = 5000;
    readonly Dictionary<int, Socket> peers = [];
    readonly string[] names;
    readonly int rank;
    readonly Action<byte[]> died;
    volatile bool silent;

    /// <summary>Connects the ranks (collective).</summary>
    /// <param name="world">The ranks.</param>
    /// <param name="died">Called on a thread of the watch with a prepared line that names the rank that ended.</param>
    public PeerWatch(ICommunicator world, Action<byte[]> died)
    {
        this.died = died;
        rank = world.Rank;
        names = [.. world.AllGather(Encoding.UTF8.GetBytes($"rank {world.Rank} (pid {Environment.ProcessId} on {Environment.MachineName})")).Select(Encoding.UTF8.GetString)];
        using var listener = rank == 0 ? Listen() : null;
        var token = RandomNumberGenerator.GetBytes(16);
        var port = BitConverter.GetBytes(listener is null ? 0 : ((IPEndPoint)listener.LocalEndPoint!).Port);
        world.Broadcast(token, 0);
        world.Broadcast(port, 0);
        var addresses = Encoding.UTF8.GetString(world.AllGather(Encoding.UTF8.GetBytes(string.Join(' ', Addresses())))[0]).Split(' ').Select(IPAddress.Parse);
        if (listener is not null) Accept(listener, token, world.Size - 1);
        else if (Connect(addresses, BitConverter.ToInt32(port), token) is { } socket) peers[0] = socket;
        foreach (var (peer, socket) in peers)
            new Thread(() => Watch(peer, socket), 64 * 1024) { IsBackground = true, Name = $"watch {names[peer]}" }.Start();
    }

    /// <summary>Whether this rank's connection (rank 0: all connections) stands.</summary>
    public bool Complete => peers.Count == (rank == 0 ? names.Length - 1 : 1);

    /// <summary>Tells the others that this rank has already said why it ends.</summary>
    public void Announce() => Tell(Announced);

    /// <summary>Leaves in order.</summary>
    public void Dispose() => Tell(Bye);

    void Tell(byte word)
    {
        silent = true;
        foreach (var socket in peers.Values)
        {
            try { socket.Send([word]); }
            catch (SocketException) { } // that process has ended already
        }
    }

    void Watch(int peer, Socket socket)
    {
        var word = new byte[1];
        var line = LastWords.Prepare($"{names[peer]} ended unexpectedly; ending the job");
        int read = 0;
        try { read = socket.Receive(word); }
        catch (SocketException) { } // reset: the same as closed
        if (silent) return;
        if (read > 0)
        {
            if (word[0] == Announced) silent = true;
            if (word[0] == Announced && rank == 0) Tell(Announced);
            return;
        }
        // When rank 0 is gone, everyone sees it; rank 1 speaks.
        if (peer == 0 && rank != 1) return;
        died(line);
    }

    static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Any, 0));
        socket.Listen(1024);
        return socket;
    }

    void Accept(Socket listener, byte[] token, int expected)
    {
        var deadline = Environment.TickCount64 + ConnectMilliseconds;
        while (peers.Count < expected && listener.Poll(TimeSpan.FromMilliseconds(Math.Max(0, deadline - Environment.TickCount64)), SelectMode.SelectRead))
        {
            var socket = listener.Accept();
            socket.ReceiveTimeout = 1000;
            var hello = new byte[20];
            try
            {
                for (int got = 0; got < hello.Length;)
                {
                    int read = socket.Receive(hello.AsSpan(got));
                    if (read == 0) break;
                    got += read;
                }
            }
            catch (SocketException) { }
            if (CryptographicOperations.FixedTimeEquals(hello.AsSpan(0, 16), token)) peers[BitConverter.ToInt32(hello, 16)] = socket;
            else socket.Dispose();
            socket.ReceiveTimeout = 0;
        }
    }

    Socket? Connect(IEnumerable<IPAddress> addresses, int port, byte[] token)
    {
        foreach (var address in addresses.Append(IPAddress.Loopback))
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                if (socket.ConnectAsync(address, port).Wait(ConnectMilliseconds / 4))
                {
                    socket.Send([.. token, .. BitConverter.GetBytes(rank)]);
                    return socket;
                }
            }
            catch (Exception e) when (e is AggregateException or SocketException) { } // not reachable from here: the next address
            socket.Dispose();
        }
        return null;
    }

    static IEnumerable<string> Addresses() =>
        NetworkInterface.GetAllNetworkInterfaces()
            .Where(card => card.OperationalStatus == OperationalStatus.Up && card.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(card => card.GetIPProperties().UnicastAddresses)
            .Where(unicast => unicast.Address.AddressFamily == AddressFamily.InterNetwork)
            .Select(unicast => unicast.Address.ToString())
            .Append(IPAddress.Loopback.ToString()).Distinct();
}
