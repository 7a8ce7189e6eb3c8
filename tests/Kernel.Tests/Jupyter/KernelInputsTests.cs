using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Interactive.Kernel.Tests.Hosting;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Jupyter;

/// <summary>What a user or a client may get wrong ends in one line and exit code 2.</summary>
public sealed class KernelInputsTests
{
    private const string Whole = """{"shell_port":1,"iopub_port":2,"stdin_port":3,"control_port":4,"hb_port":5,"ip":"127.0.0.1","key":"k","transport":"tcp","signature_scheme":"hmac-sha256"}""";

    [Theory]
    [InlineData("{", "no JSON (line 1)")]
    [InlineData("[]", "an object is needed")]
    [InlineData("{}", "shell_port must be a port, 1 to 65535")]
    [InlineData("""{"shell_port":70000}""", "shell_port must be a port, 1 to 65535")]
    [InlineData("""{"transport":"ipc"}""", "transport ipc, only tcp is served")]
    [InlineData("""{"signature_scheme":"hmac-md5"}""", "signature_scheme hmac-md5, only hmac-sha256 is served")]
    public async Task BrokenConnectionFile_IsOneLine(string text, string message)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("connection.json", text);
        var (exit, output, error) = await InteractiveProcess.Run("kernel", "--connection-file", file);
        Assert.Equal((2, "", $"interactive: connection file {file}: {message}\n"), (exit, output, error));
    }

    [Fact]
    public async Task MissingFileAndMissingOption_AreOneLine()
    {
        Assert.Equal("interactive: connection file /nowhere.json: no such file\n",
            (await InteractiveProcess.Run("kernel", "-f", "/nowhere.json")).Error);
        Assert.Equal((2, "interactive: give --connection-file FILE (Jupyter does that), or install\n"),
            ((await InteractiveProcess.Run("kernel")) is var r ? (r.Exit, r.Error) : default));
    }

    [Fact]
    public async Task TakenPort_IsOneLine()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var connection = JsonNode.Parse(Whole)!;
        connection["shell_port"] = port;
        using var folder = new TemporaryFolder();
        var (exit, _,
            error) = await InteractiveProcess.Run("kernel", "-f", folder.Write("c.json", connection.ToJsonString()));
        Assert.Equal((2, $"interactive: port {port} (shell) is taken\n"), (exit, error));
    }

    [Fact]
    public async Task Install_WritesTheSpecUnderThePrefix()
    {
        using var folder = new TemporaryFolder();
        var (exit, output, _) = await InteractiveProcess.Run("kernel", "install", "--prefix", folder.Path);
        var place = Path.Combine(folder.Path, "share", "jupyter", "kernels", "interactive");
        Assert.Equal((0, $"Installed the kernel \"C# (Interactive)\" in {place}\n"), (exit, output));
        var spec = JsonNode.Parse(File.ReadAllText(Path.Combine(place, "kernel.json")))!;
        var argv = spec["argv"]!.AsArray().Select(a => (string)a!).ToList();
        Assert.True(File.Exists(argv[1]), argv[1]);
        Assert.Equal(["kernel", "--connection-file", "{connection_file}"], argv[2..]);
        Assert.Equal(2, (await InteractiveProcess.Run("kernel", "install", "--prefix", "/proc/nowhere")).Exit);
    }
}
