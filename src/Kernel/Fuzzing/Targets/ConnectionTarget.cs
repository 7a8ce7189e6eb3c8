using Interactive.Kernel.Jupyter;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>The file in which a client says where it expects its kernel.</summary>
internal sealed class ConnectionTarget : IFuzzTarget
{
    public string Name => "connection";

    public string Write(string folder)
    {
        var path = Path.Combine(folder, "connection.json");
        File.WriteAllText(path, """
            { "ip": "127.0.0.1", "transport": "tcp", "shell_port": 50001, "iopub_port": 50002, "stdin_port": 50003, "control_port": 50004,
              "hb_port": 50005, "signature_scheme": "hmac-sha256", "key": "a0b1c2d3" }
            """);
        return path;
    }

    public void Read(string path) => KernelConnection.Read(path);
}
