using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Interactive.Kernel.Scripting;
using NetMQ;

namespace Interactive.Kernel.Jupyter;

/// <summary>
/// Everything that a kernel sends, in the order in which it was said. Text of a stream is gathered for some
/// milliseconds, so that a thousand short writes are a few messages. Whoever sends only adds to a queue: an interrupt
/// that hits a cell's thread meanwhile breaks nothing.
/// </summary>
internal sealed class Outbox
{
    private static readonly TimeSpan gather = TimeSpan.FromMilliseconds(25);
    private const int BatchLimit = 256 << 10; // characters in one message
    private const int Backlog = 4 << 20; // characters; a cell that writes faster than that is sent waits

    private abstract record Item(byte[]? Parent);
    private sealed record Text(string Stream, string Content, byte[]? Parent) : Item(Parent);
    private sealed record Message(KernelChannel Channel, IReadOnlyList<byte[]> Routing, string Type, byte[]? Parent,
        JsonObject Content, JsonObject? Metadata, IReadOnlyList<byte[]>? Buffers) : Item(Parent);
    private sealed record Mark(TaskCompletionSource Reached) : Item((byte[]?)null);

    private readonly ConcurrentQueue<Item> items = new();
    private readonly AutoResetEvent added = new(false);
    private readonly Action<KernelChannel, NetMQMessage> send;
    private readonly WireFormat wire;
    private readonly StringBuilder batch = new();
    private Text? first; // of the batch
    private long begun;
    private int pending;

    public Outbox(WireFormat wire, Action<KernelChannel, NetMQMessage> send)
    {
        (this.wire, this.send) = (wire, send);
        // A thread of its own: a cell that keeps the pool busy is still heard.
        new Thread(Deliver) { IsBackground = true, Name = "outbox" }.Start();
    }

    /// <summary>Answers a request.</summary>
    public void Reply(KernelRequest request, JsonObject content, JsonObject? metadata = null) =>
        Add(new Message(request.Channel, request.Identities, request.ReplyType, request.Header, content, metadata,
            null));

    /// <summary>Sends to one client on a channel of its own choice.</summary>
    public void Send(KernelChannel channel, KernelRequest to, string type, JsonObject content) =>
        Add(new Message(channel, to.Identities, type, to.Header, content, null, null));

    /// <summary>Tells all clients.</summary>
    public void Publish(string type, byte[]? parent, JsonObject content, JsonObject? metadata = null,
        IReadOnlyList<byte[]>? buffers = null) =>
        Add(new Message(KernelChannel.IoPub, [Encoding.UTF8.GetBytes(type)], type, parent, content, metadata, buffers));

    /// <summary>Adds to a stream.</summary>
    /// <param name="stream"><c>stdout</c> or <c>stderr</c>.</param>
    public void Write(string stream, string text, byte[]? parent)
    {
        if (text.Length == 0) return;
        while (Volatile.Read(ref pending) > Backlog) Thread.Sleep(1);
        Interlocked.Add(ref pending, text.Length);
        Add(new Text(stream, text, parent));
    }

    /// <summary>Completes when all that was said so far has been handed on.</summary>
    public Task Flush()
    {
        var mark = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Add(new Mark(mark));
        return mark.Task;
    }

    private void Add(Item item)
    {
        items.Enqueue(item);
        added.Set();
    }

    private void Deliver()
    {
        while (true)
        {
            if (items.TryDequeue(out var item)) TakeSafely(item);
            else if (first is null) added.WaitOne();
            else if (gather - Stopwatch.GetElapsedTime(begun) is var left && left > TimeSpan.Zero) added.WaitOne(left);
            else Close();
        }
    }

    // What cannot be written must not silence the kernel: who waits for an answer gets one that says so.
    private void TakeSafely(Item item)
    {
        try { Take(item); }
        catch (Exception e)
        {
            var why = $"{e.GetType().Name}: {ScriptTrace.Message(e)}";
            if (item is not Message message) return;
            if (message.Channel != KernelChannel.IoPub)
                send(message.Channel,
                    wire.Write(message.Routing, message.Type, message.Parent,
                    new()
                    {
                        ["status"] = "error", ["ename"] = "InvalidMessage", ["evalue"] = why, ["traceback"] =
                    new JsonArray()
                    }));
            else send(KernelChannel.IoPub,
                wire.Write(["stream.stderr"u8.ToArray()], "stream", message.Parent,
                new() { ["name"] = "stderr", ["text"] = $"interactive: {message.Type} could not be sent: {why}\n" }));
        }
    }

    private void Take(Item item)
    {
        switch (item)
        {
            case Text text:
                if (first is not null
                    && (first.Stream != text.Stream || first.Parent != text.Parent || batch.Length > BatchLimit
                    || Stopwatch.GetElapsedTime(begun) > gather)) Close();
                if (first is null) (first, begun) = (text, Stopwatch.GetTimestamp());
                batch.Append(text.Content);
                Interlocked.Add(ref pending, -text.Content.Length);
                break;
            case Message message:
                Close();
                send(message.Channel,
                    wire.Write(message.Routing, message.Type, message.Parent, message.Content, message.Metadata,
                    message.Buffers));
                break;
            case Mark mark:
                Close();
                mark.Reached.SetResult();
                break;
        }
    }

    private void Close()
    {
        if (first is null) return;
        send(KernelChannel.IoPub,
            wire.Write([Encoding.UTF8.GetBytes("stream." + first.Stream)], "stream", first.Parent,
            new() { ["name"] = first.Stream, ["text"] = batch.ToString() }));
        batch.Clear();
        first = null;
    }
}
