using System.Text.Json;

namespace Interactive.Kernel.Jupyter;

/// <summary>Where a kernel's client expects its five sockets, and the key that messages are signed with.</summary>
/// <param name="Ip">The address to bind, such as 127.0.0.1.</param>
/// <param name="Key">Of HMAC-SHA256; empty for messages without signatures.</param>
internal sealed record KernelConnection(string Ip, int ShellPort, int IoPubPort, int StdinPort, int ControlPort,
    int HeartbeatPort, string Key)
{
    /// <summary>Reads the connection file that a client has written.</summary>
    /// <exception cref="UsageException">The file is missing or does not say what it must.</exception>
    public static KernelConnection Read(string path)
    {
        if (!File.Exists(path)) throw new UsageException($"connection file {path}: no such file");
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw new UsageException($"connection file {path}: an object is needed");
            if (Text(root, "transport", "tcp") is var transport && transport != "tcp")
                throw new UsageException($"connection file {path}: transport {transport}, only tcp is served");
            if (Text(root, "signature_scheme", "hmac-sha256") is var scheme && scheme != "hmac-sha256") throw new UsageException($"connection file {path}: signature_scheme {scheme}, only hmac-sha256 is served");
            int Port(string name)
                => root.TryGetProperty(name, out var port) && port.ValueKind == JsonValueKind.Number
                && port.TryGetInt32(out var number) && number is > 0 and < 65536
                ? number : throw new UsageException($"connection file {path}: {name} must be a port, 1 to 65535");
            return new(Text(root, "ip", "127.0.0.1"), Port("shell_port"), Port("iopub_port"), Port("stdin_port"),
                Port("control_port"), Port("hb_port"), Text(root, "key", ""));
        }
        catch (JsonException e) { throw new UsageException($"connection file {path}: no JSON (line {e.LineNumber + 1})"); }
        catch (InvalidOperationException) { throw new UsageException($"connection file {path}: it has a text that is no UTF-8"); }
        catch (IOException e) { throw new UsageException($"connection file {path}: {e.Message}"); }
    }

    private static string Text(JsonElement root, string name, string otherwise) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()!
            : otherwise;
}
