using System.Net.Sockets;
using Interactive.Extensions.Display;

namespace Interactive.Kernel.Directives;

/// <summary>Rank 0's side: sends what is displayed to the notebook, which listens on a socket.</summary>
internal sealed class RankDisplay : IDisplayHost, IDisposable
{
    /// <summary>An environment variable: the path of the socket.</summary>
    public const string SocketVariable = "INTERACTIVE_DISPLAY_SOCKET";

    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly StreamWriter writer;
    private int count;

    public RankDisplay(string path)
    {
        socket.Connect(new UnixDomainSocketEndPoint(path));
        writer = new StreamWriter(new NetworkStream(socket)) { AutoFlush = true };
    }

    public string Display(MimeBundle bundle, string? id = null)
    {
        id ??= $"rank-display-{Interlocked.Increment(ref count)}";
        Send(new("display", id, RankMessage.Write(bundle)));
        return id;
    }

    public void Update(string id, MimeBundle bundle) => Send(new("update", id, RankMessage.Write(bundle)));

    public void Clear(bool wait) => Send(new(wait ? "clear-wait" : "clear"));

    /// <summary>The value of the cell.</summary>
    public void Return(object value) => Send(RankMessage.OfValue(value));

    public void Dispose()
    {
        writer.Dispose();
        socket.Dispose();
    }

    private void Send(RankMessage message)
    {
        lock (writer)
        {
            // A notebook that is gone ends the job by itself.
            try { writer.WriteLine(message.ToLine()); }
            catch (IOException) { }
        }
    }
}
