using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Interactive.Data;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>
/// <c>interactive cache serve [--memory M]</c>: an installed server, set up as a cache of what machines fetch.
/// </summary>
internal static class CacheCommand
{
    // They take Redis's settings from a file.
    private static readonly string[] programs = ["redis-server", "valkey-server"];

    public static Command Create() => new("cache", "Shares what the machines of a cluster fetch of their data.") { Serve() };

    private static Command Serve()
    {
        var memory = new Option<string>("--memory")
        {
            Description = "bytes for data, such as 8GiB",
            DefaultValueFactory = _ => "1GiB",
        };
        var port = new Option<int>("--port") { Description = "the port to listen on", DefaultValueFactory = _ => 6379 };
        var address = new Option<string>("--address")
        {
            Description = "whom to answer: 127.0.0.1 is this machine alone, 0.0.0.0 everyone (with a password)",
            DefaultValueFactory = _ => "127.0.0.1",
        };
        var password = new Option<string?>("--password")
        {
            Description = "what ranks have to bring (default: none on this machine alone, else a new one)",
        };
        var command = new Command("serve", $"Runs {string.Join(" or ", programs)} as a cache of data, in memory alone, until it is stopped.") { memory, port, address, password };
        command.SetAction(parsed =>
        {
            var bytes = ByteSize.ParseMemory("--memory", parsed.GetValue(memory)!);
            if (parsed.GetValue(port) is < 1 or > 65535) throw new UsageException($"--port {parsed.GetValue(port)}: a port is 1 to 65535");
            if (!IPAddress.TryParse(parsed.GetValue(address), out var listen)) throw new UsageException($"--address {parsed.GetValue(address)}: an IP address is needed, such as 127.0.0.1 or 0.0.0.0");
            var secret = parsed.GetValue(password)
                ?? (IPAddress.IsLoopback(listen) ? "" : Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12)));
            if (secret.Any(c => !char.IsAsciiLetterOrDigit(c))) throw new UsageException("--password: letters and digits are needed");
            return Run(Program(), bytes, parsed.GetValue(port), listen, secret);
        });
        return command;
    }

    private static string Program()
        => programs.Select(ProgramPath.Find).FirstOrDefault(path => path is not null)
            ?? throw new UsageException($"neither {string.Join(" nor ", programs)} is installed: apt-get install {programs[0]}");

    private static int Run(string program, long bytes, int port, IPAddress listen, string secret)
    {
        // Nothing is thrown out to make room: an epoch asks for everything again, and the oldest first.
        var settings = $"""
            port {port}
            bind {listen}
            maxmemory {bytes}
            maxmemory-policy noeviction
            save ""
            appendonly no
            {(secret == "" ? "" : $"requirepass {secret}")}
            """;
        var folder = Directory.CreateTempSubdirectory("interactive-cache-"); // its user's alone: the password is in it
        try
        {
            var path = Path.Combine(folder.FullName, "cache.conf");
            File.WriteAllText(path, settings);
            var host = listen.Equals(IPAddress.Any) || listen.Equals(IPAddress.IPv6Any) ? Environment.MachineName
                : listen.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{listen}]" : $"{listen}";
            Console.WriteLine($"{ClusterCache.Variable}={(secret == "" ? $"{host}:{port}" : $"redis://:{secret}@{host}:{port}")}");
            return ChildProcess.Run(new ProcessStartInfo(program, [path]) { WorkingDirectory = folder.FullName });
        }
        finally { folder.Delete(recursive: true); }
    }
}
