using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Interactive.Collectives;

/// <summary>
/// Notices at once when another rank's process ends: every rank keeps a TCP connection to rank 0, which the kernel
/// closes when a process dies. A rank that leaves in order says so first. Without a reachable address there is no
/// watch, and the launcher alone ends the job.
/// </summary>
internal sealed class PeerWatch : IDisposable
{
    const byte Bye = (byte)'B', Announced = (byte)'F', Stalled = (byte)'T', Question = (byte)'Q', Answer = (byte)'A';
    const int ConnectMilliseconds = 5000, MessageBytes = 257; // a kind, then text
    readonly Dictionary<int, Socket> peers = [];
    readonly string[] names;
    readonly int rank;
    readonly Action<int, byte[]> died;
    readonly Action stalled;
    readonly Func<string> state;
    readonly Dictionary<int, string> answers = [];
    volatile bool silent;

    /// <summary>Connects the ranks (collective).</summary>
    /// <param name="world">The ranks.</param>
    /// <param name="died">Called on a thread of the watch with the rank that ended, and a prepared line that names it.</param>
    /// <param name="stalled">Called on rank 0 when another rank reports that it waits for too long.</param>
    /// <param name="state">What this rank is doing, in words.</param>
    public PeerWatch(ICommunicator world, Action<int, byte[]> died, Action stalled, Func<string> state)
    {
        (this.died, this.stalled, this.state) = (died, stalled, state);
        rank = world.Rank;
        names = [.. world.AllGather(Encoding.UTF8.GetBytes($"rank {world.Rank} (pid {Environment.ProcessId} on {Environment.MachineName})")).Select(Encoding.UTF8.GetString)];
        using var listener = rank == 0 ? Listen() : null;
        var token = RandomNumberGenerator.GetBytes(16);
        var port = BitConverter.GetBytes(listener is null ? 0 : ((IPEndPoint)listener.LocalEndPoint!).Port);
        world.Broadcast(token, 0);
        world.Broadcast(port, 0);
        var addresses =
            Encoding.UTF8.GetString(world.AllGather(Encoding.UTF8.GetBytes(string.Join(' ', Addresses())))[0])
            .Split(' ').Select(IPAddress.Parse);
        if (listener is not null) Accept(listener, token, world.Size - 1);
        else if (Connect(addresses, BitConverter.ToInt32(port), token) is { } socket) peers[0] = socket;
        foreach (var (peer, socket) in peers)
            new Thread(() => Watch(peer, socket),
                64 * 1024)
            { IsBackground = true, Name = $"watch {names[peer]}" }.Start();
    }

    /// <summary>Whether this rank's connection (rank 0: all connections) stands.</summary>
    public bool Complete => peers.Count == (rank == 0 ? names.Length - 1 : 1);

    /// <summary>Tells the others that this rank has already said why it ends.</summary>
    public void Announce()
    {
        silent = true;
        Tell(Announced);
    }

    /// <summary>Leaves in order.</summary>
    public void Dispose()
    {
        silent = true;
        Tell(Bye);
    }

    /// <summary>Tells rank 0 that this rank waits for too long.</summary>
    public void ReportStalled() => Tell(Stalled);

    /// <summary>Rank 0: asks all ranks what they are doing; null for those that do not answer in time.</summary>
    public IReadOnlyList<(string Name, string? State)> Ask(TimeSpan patience)
    {
        lock (answers) answers.Clear();
        Tell(Question);
        for (var deadline = Environment.TickCount64
            + (long)patience.TotalMilliseconds; Environment.TickCount64 < deadline; Thread.Sleep(20))
            lock (answers) if (answers.Count == names.Length - 1) break;
        lock (answers)
            return [.. Enumerable.Range(0, names.Length)
                .Select(i => (names[i], i == rank ? state() : answers.GetValueOrDefault(i)))];
    }

    void Tell(byte kind)
    {
        foreach (var socket in peers.Values) Tell(socket, kind, "");
    }

    static void Tell(Socket socket, byte kind, string text)
    {
        var message = new byte[MessageBytes];
        message[0] = kind;
        Encoding.UTF8.GetEncoder().Convert(text, message.AsSpan(1), true, out _, out _, out _);
        try { socket.Send(message); }
        catch (SocketException) { } // that process has ended already
    }

    void Watch(int peer, Socket socket)
    {
        var message = new byte[MessageBytes];
        var line = LastWords.Prepare($"{names[peer]} ended unexpectedly; ending the job");
        while (Receive(socket, message))
        {
            switch (message[0])
            {
                case Announced:
                    silent = true;
                    if (rank == 0) Tell(Announced);
                    return;
                case Bye: return;
                case Stalled:
                    // it asks all ranks, and this thread is the one that hears the peer's answer
                    new Thread(() => stalled()) { IsBackground = true, Name = "stalled" }.Start();
                    break;
                case Question: Tell(socket, Answer, state()); break;
                case Answer:
                    lock (answers) answers[peer] = Encoding.UTF8.GetString(message, 1, MessageBytes - 1).TrimEnd('\0');
                    break;
            }
        }
        // When rank 0 is gone, everyone sees it; rank 1 speaks.
        if (silent || peer == 0 && rank != 1) return;
        died(peer, line);
    }

    static bool Receive(Socket socket, Span<byte> message)
    {
        try
        {
            for (int got = 0; got < message.Length;)
            {
                int read = socket.Receive(message[got..]);
                if (read == 0) return false;
                got += read;
            }
            return true;
        }
        catch (SocketException) { return false; } // reset: the same as closed
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
        while (peers.Count < expected
            && listener.Poll(TimeSpan.FromMilliseconds(Math.Max(0, deadline - Environment.TickCount64)),
            SelectMode.SelectRead))
        {
            var socket = listener.Accept();
            socket.ReceiveTimeout = 1000;
            var hello = new byte[20];
            Receive(socket, hello);
            if (CryptographicOperations.FixedTimeEquals(hello.AsSpan(0, 16), token))
                peers[BitConverter.ToInt32(hello, 16)] = socket;
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
            // not reachable from here: the next address
            catch (Exception e) when (e is AggregateException or SocketException) { }
            socket.Dispose();
        }
        return null;
    }

    static IEnumerable<string> Addresses() =>
        NetworkInterface.GetAllNetworkInterfaces()
            .Where(card => card.OperationalStatus == OperationalStatus.Up
            && card.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(card => card.GetIPProperties().UnicastAddresses)
            .Where(unicast => unicast.Address.AddressFamily == AddressFamily.InterNetwork)
            .Select(unicast => unicast.Address.ToString())
            .Append(IPAddress.Loopback.ToString()).Distinct();
}
