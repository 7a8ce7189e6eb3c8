using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interactive.Kernel.Jupyter;

/// <summary>A channel between code in the kernel and code in a client, which either side opens.</summary>
public sealed class Comm
{
    private readonly CommTargets targets;
    private readonly Action<string, JsonObject, JsonNode?> publish;

    internal Comm(CommTargets targets, string id, string target, Action<string, JsonObject, JsonNode?> publish)
    {
        (this.targets, Id, Target, this.publish) = (targets, id, target, publish);
    }

    /// <summary>Names this channel on both sides.</summary>
    public string Id { get; }

    /// <summary>What it is for.</summary>
    public string Target { get; }

    /// <summary>Called for every message of the client, with its data.</summary>
    public event Action<JsonElement>? Received;

    /// <summary>Called when the client closes the channel.</summary>
    public event Action? Closed;

    /// <summary>Sends a message to the clients.</summary>
    public void Send(JsonNode data) => publish("comm_msg", new() { ["comm_id"] = Id }, data);

    /// <summary>Closes the channel on both sides.</summary>
    public void Close(JsonNode? data = null)
    {
        if (targets.Forget(Id)) publish("comm_close", new() { ["comm_id"] = Id }, data);
    }

    internal void OnReceived(JsonElement data) => Received?.Invoke(data);

    internal void OnClosed() => Closed?.Invoke();
}
