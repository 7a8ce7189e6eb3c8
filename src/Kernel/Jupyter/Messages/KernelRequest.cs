using System.Text.Json;

namespace Interactive.Kernel.Jupyter;

/// <summary>A message from a client, its signature verified.</summary>
/// <param name="Channel">On which it came and the reply goes.</param>
/// <param name="Identities">Routing frames that lead back to the client.</param>
/// <param name="Header">The header as it came: the parent header of every answer.</param>
/// <param name="Type">Such as <c>execute_request</c>.</param>
/// <param name="Content">Every text and name in it can be read.</param>
/// <param name="Version">Of the protocol that the client speaks; null when it does not say.</param>
internal sealed record KernelRequest(
    KernelChannel Channel, IReadOnlyList<byte[]> Identities, byte[] Header, string Type, Version? Version,
        JsonElement Content, IReadOnlyList<byte[]> Buffers)
{
    /// <summary>A text of the content, or what to take where there is none.</summary>
    public string Text(string name, string otherwise = "") =>
        Content.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()!
            : otherwise;

    /// <summary>A truth value of the content, or what to take where there is none.</summary>
    public bool Flag(string name, bool otherwise) =>
        Content.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean() : otherwise;

    /// <summary>An integer of the content, or what to take where there is none.</summary>
    public int Number(string name, int otherwise) =>
        Content.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
            && value.TryGetInt32(out var number) ? number : otherwise;

    /// <summary>The type of the reply: <c>execute_request</c> is answered by <c>execute_reply</c>.</summary>
    public string ReplyType => Type.Replace("_request", "_reply");
}
