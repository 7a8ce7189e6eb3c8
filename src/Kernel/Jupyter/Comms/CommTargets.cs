using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interactive.Kernel.Jupyter;

/// <summary>
/// The comms that are open, and what answers when a client opens one. Cells reach it as <see cref="Current"/>.
/// </summary>
public sealed class CommTargets
{
    private readonly ConcurrentDictionary<string, Action<Comm, JsonElement>> targets = new();
    private readonly ConcurrentDictionary<string, Comm> open = new();
    private readonly Action<string, JsonObject> publish;

    internal CommTargets(Action<string, JsonObject> publish) => this.publish = publish;

    /// <summary>Those of this process's kernel; null where none runs.</summary>
    public static CommTargets? Current { get; internal set; }

    /// <summary>
    /// Lets clients open comms of a target: the function gets the comm and the data that came with its opening.
    /// </summary>
    public void Register(string target, Action<Comm, JsonElement> opened) => targets[target] = opened;

    /// <summary>Opens a comm to the clients.</summary>
    public Comm Open(string target, JsonNode? data = null)
    {
        var comm = Create(Guid.NewGuid().ToString("N"), target);
        publish("comm_open",
            new()
            {
                ["comm_id"] = comm.Id, ["target_name"] = target, ["data"] = data?.DeepClone()
            ?? new JsonObject()
            });
        return comm;
    }

    internal bool Forget(string id) => open.TryRemove(id, out _);

    /// <summary>The open comms, as <c>comm_info_reply</c> lists them.</summary>
    /// <param name="target">Only those of it; empty for all.</param>
    internal JsonObject List(string target)
    {
        var list = new JsonObject();
        foreach (var comm in open.Values)
            if (target.Length == 0 || comm.Target == target)
                list[comm.Id] = new JsonObject { ["target_name"] = comm.Target };
        return list;
    }

    internal void Handle(KernelRequest request)
    {
        var id = request.Text("comm_id");
        var data = request.Content.TryGetProperty("data", out var found) ? found : default;
        if (request.Type == "comm_open")
        {
            if (targets.TryGetValue(request.Text("target_name"), out var opened))
                opened(Create(id, request.Text("target_name")), data);
            // so a client learns that nobody listens
            else publish("comm_close", new() { ["comm_id"] = id, ["data"] = new JsonObject() });
        }
        else if (request.Type == "comm_msg" && open.TryGetValue(id, out var comm)) comm.OnReceived(data);
        else if (request.Type == "comm_close" && open.TryRemove(id, out var closed)) closed.OnClosed();
    }

    private Comm Create(string id, string target) => open[id] = new Comm(this, id, target, (type, content, data) =>
    {
        content["data"] = data?.DeepClone() ?? new JsonObject();
        publish(type, content);
    });
}
