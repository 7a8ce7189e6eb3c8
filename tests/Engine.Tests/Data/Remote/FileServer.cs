using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Interactive.Engine.Tests.Data.Remote;

/// <summary>
/// A real server of a folder over http on this machine, with ranges, that can be made to fail. What it does is decided
/// by <see cref="Fault"/>, which is asked for each request.
/// </summary>
internal sealed class FileServer : IDisposable
{
    internal enum Kind { None, Status, CutShort, Silent, Lie, NoRanges, WrongRange }

    private readonly string folder;
    private readonly int port;
    private HttpListener? listener;

    public FileServer(string folder)
    {
        this.folder = folder;
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            port = ((IPEndPoint)free.LocalEndpoint).Port;
        }
        Start();
    }

    public string Address => $"http://localhost:{port}";

    /// <summary>By the number of a request for a file and its path; default no fault.</summary>
    public Func<int, string, (Kind Kind, int Number)> Fault { get; set; } = (_, _) => (Kind.None, 0);

    /// <summary>Answers a request itself, and says so; default none.</summary>
    public Func<HttpListenerContext, bool> Before { get; set; } = _ => false;

    /// <summary>Paths asked for, with the first byte wanted.</summary>
    public List<(string Path, long From)> Requests { get; } = [];
    private long sent;
    /// <summary>Bytes of files sent.</summary>
    public long Sent => Volatile.Read(ref sent);

    public void Start()
    {
        listener = new HttpListener();
        listener.Prefixes.Add($"{Address}/");
        listener.Start();
        _ = Serve(listener);
    }

    /// <summary>As a server that is killed: connections break off, and none is taken.</summary>
    public void Kill() => listener!.Abort();

    private async Task Serve(HttpListener own)
    {
        while (own.IsListening)
            try
            {
                var context = await own.GetContextAsync();
                _ = Task.Run(() => Answer(context));
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException) { return; }
    }

    private async Task Answer(HttpListenerContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var path = Path.Combine(folder, Uri.UnescapeDataString(request.Url!.AbsolutePath[1..]));
        var from = request.Headers["Range"] is { } range ? long.Parse(range["bytes=".Length..range.IndexOf('-')],
            CultureInfo.InvariantCulture) : 0;
        int number;
        lock (Requests)
        {
            Requests.Add(($"{request.HttpMethod} {request.Url.AbsolutePath}", from));
            number = Requests.Count(r => r.Path == Requests[^1].Path) - 1;
        }
        var (kind, value) = Fault(number, request.Url.AbsolutePath);
        try
        {
            if (kind == Kind.Silent) await Task.Delay(value);
            if (Before(context)) return;
            if (kind == Kind.Status || !File.Exists(path))
            {
                response.StatusCode = kind == Kind.Status ? value : 404;
                response.Close();
                return;
            }
            var whole = await File.ReadAllBytesAsync(path);
            var to = request.Headers["Range"] is { } r && r.Split('-')[1] is { Length: > 0 } end
                ? long.Parse(end, CultureInfo.InvariantCulture) + 1 : whole.Length;
            response.Headers["ETag"] = $"\"{File.GetLastWriteTimeUtc(path).Ticks}-{whole.Length}\"";
            if (request.Headers["Range"] is not null && kind != Kind.NoRanges)
            {
                if (kind == Kind.WrongRange) from++;
                response.StatusCode = 206;
                response.Headers["Content-Range"] = $"bytes {from}-{to - 1}/{whole.Length}";
            }
            else (from, to) = (0, whole.Length);
            if (kind == Kind.Lie) whole[whole.Length / 2] ^= 1;
            response.ContentLength64 = to - from;
            if (request.HttpMethod == "HEAD")
            {
                response.Close();
                return;
            }
            var count = kind == Kind.CutShort ? Math.Min(value, to - from) : to - from;
            await response.OutputStream.WriteAsync(whole.AsMemory((int)from, (int)count));
            await response.OutputStream.FlushAsync();
            Interlocked.Add(ref sent, count);
            if (count < to - from) response.Abort();
            else response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException or InvalidOperationException) { } // killed, or the client went
    }

    public void Dispose() => listener?.Abort();
}
