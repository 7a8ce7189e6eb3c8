using System.Net.Sockets;
using Interactive.Kernel.Scripting;
using NetMQ;
using NetMQ.Sockets;

namespace Interactive.Kernel.Jupyter;

/// <summary>
/// The five sockets of a kernel. A socket belongs to one thread: all are served by one poller, which never waits for
/// anything else; what other threads send goes to it through a queue.
/// </summary>
internal sealed class KernelSockets : IDisposable
{
    private const int SendQueueLimit = 100_000; // beyond the default of 1,000 output of a chatty cell would be lost
    private static readonly TimeSpan linger = TimeSpan.FromSeconds(1);

    private readonly WireFormat wire;
    private readonly RouterSocket shell = new(), control = new(), stdin = new();
    private readonly XPublisherSocket iopub = new();
    // not a REP socket, which waits for ever after a frame without delimiter
    private readonly RouterSocket heartbeat = new();
    private readonly NetMQQueue<(KernelChannel Channel, NetMQMessage Message)> outgoing = new();
    private readonly NetMQQueue<Action> actions = new();
    private readonly NetMQPoller poller;

    /// <summary>Called on the poller's thread for every valid message: must return soon.</summary>
    public event Action<KernelRequest>? Received;

    /// <exception cref="UsageException">A port is taken, or the address is not this machine's.</exception>
    public KernelSockets(KernelConnection connection, WireFormat wire)
    {
        this.wire = wire;
        foreach (var socket in new NetMQSocket[] { shell, control, stdin, iopub, heartbeat })
            socket.Options.Linger = linger;
        iopub.Options.SendHighWatermark = SendQueueLimit;
        iopub.Options.XPubVerbose = true; // every client is welcomed, not only the first
        foreach (var router in new[] { shell, control, stdin }) router.Options.RouterHandover = true;
        Bind(shell, connection.Ip, connection.ShellPort, "shell");
        Bind(control, connection.Ip, connection.ControlPort, "control");
        Bind(stdin, connection.Ip, connection.StdinPort, "stdin");
        Bind(iopub, connection.Ip, connection.IoPubPort, "iopub");
        Bind(heartbeat, connection.Ip, connection.HeartbeatPort, "heartbeat");

        poller = [shell, control, stdin, iopub, heartbeat, outgoing, actions];
        shell.ReceiveReady += (_, _) => Guard(() => Receive(KernelChannel.Shell, shell));
        control.ReceiveReady += (_, _) => Guard(() => Receive(KernelChannel.Control, control));
        stdin.ReceiveReady += (_, _) => Guard(() => Receive(KernelChannel.Stdin, stdin));
        iopub.ReceiveReady += (_, _) => Guard(Welcome);
        heartbeat.ReceiveReady += (_, _) => Guard(Echo);
        outgoing.ReceiveReady += (_, _) => Guard(SendQueued);
        actions.ReceiveReady += (_, _) => Guard(() =>
        {
            while (actions.TryDequeue(out var action, TimeSpan.Zero)) action();
        });
    }

    /// <summary>Serves the sockets on a thread of its own.</summary>
    public void Start() => poller.RunAsync("sockets");

    /// <summary>Sends a message; may be called from any thread.</summary>
    public void Send(KernelChannel channel, NetMQMessage message) => outgoing.Enqueue((channel, message));

    /// <summary>
    /// Completes when all requests that have reached the shell socket so far have been handed to
    /// <see cref="Received"/>.
    /// </summary>
    public Task ReceivePending()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        actions.Enqueue(() =>
        {
            Receive(KernelChannel.Shell, shell);
            done.SetResult();
        });
        return done.Task;
    }

    /// <summary>Sends what is queued and closes.</summary>
    public void Dispose()
    {
        var sent = new ManualResetEventSlim();
        actions.Enqueue(() =>
        {
            SendQueued();
            sent.Set();
        });
        sent.Wait(linger);
        poller.Stop();
        poller.Dispose();
        foreach (var socket in new NetMQSocket[] { shell, control, stdin, iopub, heartbeat }) socket.Dispose();
        outgoing.Dispose();
        actions.Dispose();
        // Waits until what was sent has left, but for a client that is gone not for ever.
        Task.Run(() => NetMQConfig.Cleanup(block: true)).Wait(2 * linger);
    }

    // The poller ends with the first exception, and the kernel would be deaf: whatever one message does is told and
    // forgotten.
    private static void Guard(Action action)
    {
        try { action(); }
        catch (Exception e) { Console.Error.WriteLine($"interactive: {e.GetType().Name} while serving a client: {ScriptTrace.Message(e)}"); }
    }

    private void SendQueued()
    {
        while (outgoing.TryDequeue(out var item, TimeSpan.Zero))
            Socket(item.Channel).SendMultipartMessage(item.Message);
    }

    private void Echo()
    {
        NetMQMessage? message = null;
        if (heartbeat.TryReceiveMultipartMessage(ref message)) heartbeat.TrySendMultipartMessage(message!);
    }

    private NetMQSocket Socket(KernelChannel channel) => channel switch
    {
        KernelChannel.Shell => shell,
        KernelChannel.Control => control,
        KernelChannel.Stdin => stdin,
        _ => iopub,
    };

    private void Receive(KernelChannel channel, RouterSocket socket)
    {
        NetMQMessage? message = null;
        while (socket.TryReceiveMultipartMessage(ref message))
        {
            var (received, name) = (message!, channel.ToString().ToLowerInvariant());
            message = null;
            Guard(() =>
            {
                try { Received?.Invoke(wire.Read(channel, received)); }
                catch (FormatException e) { Console.Error.WriteLine($"interactive: a message on {name} was ignored: {e.Message}"); }
            });
        }
    }

    // A subscriber learns that it will miss nothing from here on (protocol 5.4).
    private void Welcome()
    {
        while (iopub.TryReceiveFrameBytes(out var frame))
            if (frame is [1, .. var topic])
                iopub.SendMultipartMessage(wire.Write([topic], "iopub_welcome", null,
                    new() { ["subscription"] = System.Text.Encoding.UTF8.GetString(topic) }));
    }

    private static void Bind(NetMQSocket socket, string ip, int port, string name)
    {
        try { socket.Bind($"tcp://{ip}:{port}"); }
        catch (Exception e) when (e is NetMQException or SocketException)
        {
            throw new UsageException(e is AddressAlreadyInUseException ? $"port {port} ({name}) is taken"
                : $"port {port} ({name}) of {ip} cannot be bound: {e.Message}");
        }
    }
}
