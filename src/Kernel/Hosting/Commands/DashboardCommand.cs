using System.CommandLine;
using System.Diagnostics;
using System.Net;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive dashboard [RUNS] [--port P]</c></summary>
internal static class DashboardCommand
{
    private const string Program = "interactive-dashboard.dll", TokenVariable = "INTERACTIVE_DASHBOARD_TOKEN";

    public static Command Create()
    {
        var folder = new Argument<string>("RUNS")
        {
            Description = "folder of run directories",
            DefaultValueFactory = _ => "runs",
        };
        var port = new Option<int>("--port")
        {
            Description = "the port to listen on, 0 for a free one",
            DefaultValueFactory = _ => 6007,
        };
        var address = new Option<string>("--address")
        {
            Description = "whom to answer: 127.0.0.1 is this machine alone, 0.0.0.0 everyone (with a token)",
            DefaultValueFactory = _ => "127.0.0.1",
        };
        var token = new Option<string?>("--token")
        {
            Description = "what a browser has to bring (default: none on this machine alone, else a new one)",
        };
        var command = new Command("dashboard", "Shows runs in the browser: lists, compares, and follows them while they train.") { folder, port, address, token };
        command.SetAction(parsed =>
        {
            var runs = parsed.GetValue(folder)!;
            if (!Directory.Exists(runs)) throw new UsageException($"dashboard {runs}: there is no such folder; give the folder that holds run directories, such as runs");
            if (File.Exists(Path.Combine(runs, "config.json")))
                throw new UsageException($"dashboard {runs}: this is one run; give the folder that holds it");
            if (parsed.GetValue(port) is < 0 or > 65535)
                throw new UsageException($"--port {parsed.GetValue(port)}: a port is 0 to 65535");
            if (!IPAddress.TryParse(parsed.GetValue(address), out var listen)) throw new UsageException($"--address {parsed.GetValue(address)}: an IP address is needed, such as 127.0.0.1 or 0.0.0.0");
            if (parsed.GetValue(token) is { Length: < 8 })
                throw new UsageException("--token: at least 8 characters are needed");
            var program = Path.Combine(AppContext.BaseDirectory, Program);
            if (!File.Exists(program)) throw new UsageException($"{program} is missing: build src/Kernel again");
            var start = new ProcessStartInfo(DotnetProgram.Path,
                [program, runs, listen.ToString(), $"{parsed.GetValue(port)}"]);
            start.Environment[TokenVariable] = parsed.GetValue(token)
                ?? (IPAddress.IsLoopback(listen) ? null
                : Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(12)));
            return ChildProcess.Run(start);
        });
        return command;
    }
}
