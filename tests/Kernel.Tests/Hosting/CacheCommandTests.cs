using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>A server started as a user starts it, and asked over its own protocol.</summary>
[Collection(ProcessWide.Name)]
[Trait("Speed", "slow")]
public sealed class CacheCommandTests
{
    private const int Terminate = 15;

    private static string Ask(int port, params string[] lines)
    {
        using var client = new TcpClient("127.0.0.1", port);
        using var stream = client.GetStream();
        stream.Write(System.Text.Encoding.ASCII.GetBytes(string.Concat(lines.Select(l => $"{l}\r\n")) + "QUIT\r\n"));
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static int FreePort()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        return ((IPEndPoint)free.LocalEndpoint).Port;
    }

    [SkippableFact]
    public async Task A_cache_is_served_in_memory_and_ends_when_asked()
    {
        Skip.IfNot(File.Exists("/usr/bin/redis-server"), "redis-server is not installed: apt-get install redis-server");
        var port = FreePort();
        using var process = Process.Start(new ProcessStartInfo("dotnet", [typeof(Interactive.Kernel.Scripting.ScriptSession).Assembly.Location,
            "cache", "serve", "--memory", "64MiB", "--port", $"{port}", "--password", "secret"])
        { RedirectStandardOutput = true })!;
        Assert.Equal($"INTERACTIVE_DATA_CACHE=redis://:secret@127.0.0.1:{port}", await process.StandardOutput.ReadLineAsync());
        while (await process.StandardOutput.ReadLineAsync() is { } line && !line.Contains("Ready to accept connections")) { }
        Assert.StartsWith("-NOAUTH", Ask(port, "PING"));
        var told = Ask(port, "AUTH secret", "CONFIG GET maxmemory", "CONFIG GET maxmemory-policy", "CONFIG GET save", "CONFIG GET appendonly");
        Assert.Equal(["+OK", $"{64 << 20}", "noeviction", "", "no"], told.Split("\r\n").Where(l => !l.StartsWith('$') && !l.StartsWith('*'))
            .Where((l, i) => i is 0 or 2 or 4 or 6 or 8));
        Assert.Equal(0, kill(process.Id, Terminate));
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode); // it has ended as it should
        Assert.Throws<SocketException>(() => Ask(port, "PING"));
    }

    [Theory]
    [InlineData("--memory much", "\"MUCH\" is no size")]
    [InlineData("--memory 10", "--memory 10 is 10 bytes, which hold nothing")]
    [InlineData("--port 0", "--port 0: a port is 1 to 65535")]
    [InlineData("--address here", "--address here: an IP address is needed, such as 127.0.0.1 or 0.0.0.0")]
    [InlineData("--password a/b", "--password: letters and digits are needed")]
    public void What_cannot_be_served_is_told_in_one_line(string options, string message)
    {
        var (exit, _, error) = CapturedConsole.Run(() => Interactive.Kernel.Hosting.InteractiveTool.Run(["cache", "serve", .. options.Split(' ')]));
        Assert.Equal(2, exit);
        Assert.Contains(message, error, StringComparison.OrdinalIgnoreCase);
    }

    [DllImport("libc")] private static extern int kill(int process, int signal);
}
