using System.Text;
using System.Text.Json.Nodes;
using Interactive.Extensions.Display;
using Interactive.Kernel.Jupyter;
using Interactive.Kernel.Scripting;
using NetMQ;

namespace Interactive.Kernel.Tests.Jupyter;

/// <summary>Messages that are signed but not what they should be, and answers that cannot be written.</summary>
public sealed class OddMessagesTests
{
    private static readonly byte[][] client = ["client"u8.ToArray()];

    private static NetMQMessage Signed(string header, string content)
        => Signed(header, Encoding.UTF8.GetBytes(content));

    private static NetMQMessage Signed(string header, byte[] content)
    {
        byte[][] frames = [Encoding.UTF8.GetBytes(header), "{}"u8.ToArray(), "{}"u8.ToArray(), content];
        var signature = System.Security.Cryptography.HMACSHA256.HashData("k"u8, frames.SelectMany(f => f).ToArray());
        return new(((byte[][])["client"u8.ToArray(), "<IDS|MSG>"u8.ToArray(),
            Encoding.ASCII.GetBytes(Convert.ToHexStringLower(signature)), .. frames]).Select(f => new NetMQFrame(f)));
    }

    [Theory]
    [InlineData("{\"msg_type\":\"execute_request\"}", "[]")]
    [InlineData("{\"msg_type\":\"execute_request\"}", "null")]
    [InlineData("{\"msg_type\":\"execute_request\"}", "3")]
    [InlineData("{\"msg_type\":null}", "{}")]
    [InlineData("{\"msg_type\":3}", "{}")]
    [InlineData("{\"msg_type\":\"\"}", "{}")]
    [InlineData("[]", "{}")]
    [InlineData("{}", "{}")]
    [InlineData("{\"msg_type\":\"x\"", "{}")]
    public void ASignedMessageWithTheWrongContent_IsRefused(string header, string content) =>
        Assert.Throws<FormatException>(() => new WireFormat("k").Read(KernelChannel.Shell, Signed(header, content)));

    [Fact]
    public void ASignature_CountsOnce()
    {
        var wire = new WireFormat("k");
        var message = wire.Write(client, "execute_request", null, new() { ["code"] = "1" });
        Assert.Equal("1", wire.Read(KernelChannel.Shell, message).Text("code"));
        Assert.Throws<FormatException>(() => wire.Read(KernelChannel.Shell, message));
        Assert.Throws<FormatException>(() => wire.Read(KernelChannel.Control, message));
        Assert.Equal("1",
            wire.Read(KernelChannel.Shell, wire.Write(client, "execute_request", null, new() { ["code"] = "1" }))
            .Text("code"));
    }

    [Theory]
    [InlineData("{\"code\":\"a\\ud83d b\"}", "a\ufffd b")]
    [InlineData("{\"code\":\"\\ud83d\\ude00\"}", "\U0001F600")]
    [InlineData("{\"code\":3}", "")]
    [InlineData("{\"code\":{}}", "")]
    public void WhateverATextHolds_ItIsRead(string content, string code) =>
        Assert.Equal(code,
            new WireFormat("k").Read(KernelChannel.Shell, Signed("{\"msg_type\":\"execute_request\"}", content))
            .Text("code"));

    // As Python sends a file's name that is no UTF-8.
    [Fact]
    public void BytesThatAreNoCharacters_AreReadAsReplacements()
    {
        var request = new WireFormat("k").Read(KernelChannel.Shell,
            Signed("{\"msg_type\":\"execute_request\"}",
            [.. "{\"code\":\"a"u8, 0xFF, .. "b\",\"user_expressions\":{\"\\ud83d"u8, 0xC3, .. "\":\"1\"}}"u8]));
        Assert.Equal("a\ufffdb", request.Text("code"));
        Assert.Equal("\ufffd\ufffd",
            Assert.Single(request.Content.GetProperty("user_expressions").EnumerateObject()).Name);
    }

    [Theory]
    [InlineData("{\"silent\":t\nrue}")]
    [InlineData("{\"silent\":t\u2028rue}")]
    public void WhyAMessageIsRefused_IsOneLine(string content)
    {
        var refused = Assert.Throws<FormatException>(()
            => new WireFormat("k").Read(KernelChannel.Shell, Signed("{\"msg_type\":\"execute_request\"}", content)));
        Assert.Equal(refused.Message.ReplaceLineEndings(" "), refused.Message);
    }

    [Fact]
    public async Task WhatCannotBeWritten_IsAnsweredAllTheSame()
    {
        List<NetMQMessage> sent = [];
        var wire = new WireFormat("");
        var outbox = new Outbox(wire, (_, message) => { lock (sent) sent.Add(message); });
        var request = wire.Read(KernelChannel.Shell, wire.Write(client, "execute_request", null, []));
        outbox.Reply(request, new() { ["x"] = double.NaN });
        outbox.Publish("display_data", null, new() { ["x"] = double.PositiveInfinity });
        outbox.Publish("status", null, new() { ["execution_state"] = "idle" });
        await outbox.Flush().WaitAsync(TimeSpan.FromSeconds(20));
        var contents = sent.Select(m => JsonNode.Parse(m.Last.ToByteArray())!).ToList();
        Assert.Equal("error", (string?)contents[0]["status"]);
        Assert.Contains("display_data could not be sent", (string?)contents[1]["text"]);
        Assert.Equal("idle", (string?)contents[2]["execution_state"]);
    }

    [Fact]
    public void NumbersThatJsonDoesNotKnow_AreGaps()
    {
        var data =
            JupyterDisplayHost.Data(new(new Dictionary<string,
            object>
            {
                ["application/json"] = new JsonObject
                {
                    ["y"] = new JsonArray(1,
            double.NaN)
                }, ["application/x"] = new[] { 1.5, 2 }, [Mime.Text] = "t"
            }));
        Assert.Equal("""{"application/json":{"y":[1,null]},"application/x":[1.5,2],"text/plain":"t"}""",
            data.ToJsonString());
    }

    [Fact]
    public async Task APairOfSurrogates_StaysOne()
    {
        List<NetMQMessage> sent = [];
        var outbox = new Outbox(new WireFormat(""), (_, message) => { lock (sent) sent.Add(message); });
        var stream = new OutputStream(outbox, "stdout");
        foreach (var c in "a\U0001F600b")
        {
            stream.Write(c);
            await outbox.Flush();
        }
        Assert.Equal("a\U0001F600b",
            string.Concat(sent.Select(m => (string?)JsonNode.Parse(m.Last.ToByteArray())!["text"])));
    }

    private sealed class Odd : Exception
    {
        public override string Message => throw new InvalidOperationException();
    }

    [Fact]
    public void AnExceptionWhoseMessageThrows_IsDescribed()
    {
        var report = CellError.Describe(new AggregateException(new Odd()), interrupted: false);
        Assert.Contains("(its Message threw InvalidOperationException)", report["traceback"]!.ToJsonString());
    }

    [Fact]
    public async Task AHistoryPatternOfManyStars_IsAnsweredAtOnce()
    {
        var history = new InputHistory();
        history.Add(1, new string('a', 5000));
        var wire = new WireFormat("");
        var request = wire.Read(KernelChannel.Shell,
            wire.Write(client, "history_request", null,
            new()
            {
                ["hist_access_type"] = "search", ["pattern"] = string.Concat(Enumerable.Repeat("*a", 30))
            + "*b"
            }));
        Assert.Empty(await Task.Run(() => history.Answer(request)).WaitAsync(TimeSpan.FromSeconds(60)));
    }
}
