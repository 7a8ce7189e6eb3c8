using System.Text;
using System.Text.Json.Nodes;
using Interactive.Kernel.Jupyter;
using NetMQ;

namespace Interactive.Kernel.Tests.Jupyter;

public sealed class WireFormatTests
{
    private static readonly byte[][] client = ["client"u8.ToArray()];

    private static NetMQMessage Frames(params string[] frames) => new(frames.Select(f => new NetMQFrame(f)));

    [Fact]
    public void Message_ComesBackAsWritten()
    {
        var wire = new WireFormat("secret");
        var message = wire.Write(client, "execute_request", null,
            new() { ["code"] = "1 + 1", ["silent"] = true, ["n"] = 3 }, buffers: [[1, 2, 3]]);
        var request = wire.Read(KernelChannel.Shell, message);
        Assert.Equal(("execute_request", "execute_reply", "1 + 1", true, 3),
            (request.Type, request.ReplyType, request.Text("code"), request.Flag("silent", false),
            request.Number("n", 0)));
        Assert.Equal("client"u8.ToArray(), Assert.Single(request.Identities));
        Assert.Equal([1, 2, 3], Assert.Single(request.Buffers));
        Assert.Equal(new Version(5, 3), request.Version);

        var reply = wire.Read(KernelChannel.Shell, wire.Write(request.Identities, "execute_reply", request.Header, []));
        Assert.Equal("execute_reply", reply.Type);
    }

    // The signature of four frames as Python's hmac module computes it.
    [Fact]
    public void Signature_IsHmacOfTheFourFrames()
    {
        var message = new WireFormat("key").Write([], "status", null, new() { ["a"] = 1 });
        var frames = message.Select(f => f.ToByteArray()).ToList();
        var expected = System.Security.Cryptography.HMACSHA256.HashData("key"u8,
            frames.Skip(2).SelectMany(f => f).ToArray());
        Assert.Equal("<IDS|MSG>", Encoding.ASCII.GetString(frames[0]));
        Assert.Equal(Convert.ToHexStringLower(expected), Encoding.ASCII.GetString(frames[1]));
        Assert.Equal(6, frames.Count);
    }

    [Fact]
    public void ForgedAndBrokenMessages_AreRefused()
    {
        var wire = new WireFormat("secret");
        void Refuses(NetMQMessage message)
            => Assert.Throws<FormatException>(() => wire.Read(KernelChannel.Shell, message));
        Refuses(new WireFormat("other").Write(client, "execute_request", null, []));
        Refuses(new WireFormat("").Write(client, "execute_request", null, []));
        Refuses(Frames("client", "<IDS|MSG>", ""));
        Refuses(Frames("no", "delimiter"));
        var unsigned = new WireFormat("");
        Assert.Throws<FormatException>(()
            => unsigned.Read(KernelChannel.Shell, Frames("c", "<IDS|MSG>", "", "{", "{}", "{}", "{}")));
        Assert.Equal("x", unsigned.Read(KernelChannel.Shell, unsigned.Write(client, "x", null, [])).Type);
    }

    [Theory]
    [InlineData("abc", 2, 2)]
    [InlineData("\U0001F600bc", 1, 2)]
    [InlineData("a\U0001F600b", 3, 4)]
    [InlineData("a\U0001F600b", 99, 4)]
    public void Positions_CountCodePoints(string code, int position, int units)
    {
        Assert.Equal(units, CodePoints.ToUnits(code, position));
        Assert.Equal(Math.Min(position, code.EnumerateRunes().Count()), CodePoints.FromUnits(code, units));
    }

    [Fact]
    public async Task Outbox_GathersTextAndKeepsOrder()
    {
        List<NetMQMessage> sent = [];
        var outbox = new Outbox(new WireFormat(""), (_, message) => { lock (sent) sent.Add(message); });
        byte[] first = "{\"msg_id\":\"1\"}"u8.ToArray(), second = "{\"msg_id\":\"2\"}"u8.ToArray();
        for (var i = 0; i < 1000; i++) outbox.Write("stdout", $"{i}\n", first);
        outbox.Write("stderr", "e", first);
        outbox.Write("stderr", "f", second);
        outbox.Publish("status", second, new() { ["execution_state"] = "idle" });
        await outbox.Flush();
        var contents = sent.Select(m => JsonNode.Parse(m.Last.ToByteArray())!).ToList();
        var texts =
            contents.Where(c => c["text"] is not null).Select(c => (Name: (string)c["name"]!, Text: (string)c["text"]!))
            .ToList();
        Assert.Equal(string.Concat(Enumerable.Range(0, 1000).Select(i => $"{i}\n")),
            string.Concat(texts.Where(t => t.Name == "stdout").Select(t => t.Text)));
        Assert.InRange(texts.Count, 3, 20);
        Assert.Equal([("stderr", "e"), ("stderr", "f")], texts[^2..]);
        Assert.Equal("idle", (string?)contents[^1]["execution_state"]);
    }
}
