using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Interactive.Kernel.Tests.Hosting;
using Interactive.Kernel.Tests.Jupyter;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Browser;

/// <summary>The dashboard as a user starts and sees it, in a headless Chromium.</summary>
[Trait("Speed", "slow")]
public sealed class DashboardTests
{
    [SkippableFact]
    public async Task Runs_are_listed_compared_and_followed()
    {
        Skip.IfNot(File.Exists("/usr/bin/chromium"), "/usr/bin/chromium is not there: apt-get install chromium");
        var scripts = Path.Combine(JupyterClient.Tests, "browser");
        Skip.IfNot(Directory.Exists(Path.Combine(scripts, "node_modules", "playwright-core")),
            $"playwright-core is not there: npm ci --prefix {scripts}");
        using var folder = new TemporaryFolder();
        Write(folder.Path, "20260101-100000-spike", steps: 30_000, rate: 0.1, spike: 17_770);
        Write(folder.Path, "20260101-110000-slow", steps: 3000, rate: 0.01);
        Write(folder.Path, "20260101-120000-<img src=x onerror=alert(1)>", steps: 1500, rate: 0.05);
        Write(folder.Path, "20260101-130000-live", steps: 300, rate: 0.03);
        WriteFiles(Path.Combine(folder.Path, "20260101-130000-live"));

        using var dashboard =
            Process.Start(new ProcessStartInfo("dotnet",
            [typeof(Interactive.Kernel.Scripting.ScriptSession).Assembly.Location, "dashboard", folder.Path, "--port",
            "0"])
            { RedirectStandardOutput = true })!;
        try
        {
            var address = Regex.Match((await dashboard.StandardOutput.ReadLineAsync())!, "http://\\S+").Value;
            using var client = new JupyterClient();
            var (exit,
                output) = await client.Run("node", scripts, "dashboard.mjs", address, folder.Path,
                Path.Combine(JupyterClient.Tests, "..", "artifacts", "tests", "browser"));
            Assert.True(exit == 0, output);
            // the same folder, as a table
            Assert.Equal(0, (await InteractiveProcess.Run("runs", "list", "--out", folder.Path)).Exit);
        }
        finally { dashboard.Kill(entireProcessTree: true); }
    }

    [Theory]
    [InlineData("there is no such folder", "/nowhere")]
    [InlineData("a port is 0 to 65535", "--port", "70000", ".")]
    [InlineData("an IP address is needed", "--address", "here", ".")]
    [InlineData("at least 8 characters", "--token", "short", ".")]
    [InlineData("cannot be used", "--port", "1", "--address", "203.0.113.7", ".")]
    public async Task Bad_input_is_one_line(string told, params string[] arguments)
    {
        var (exit, _, error) = await InteractiveProcess.Run(["dashboard", .. arguments]);
        Assert.Equal((2, 1), (exit, error.Count(c => c == '\n')));
        Assert.Contains(told, error);
    }

    // What a training of two ranks under a memory budget leaves besides; its texts look like elements.
    private static void WriteFiles(string run)
    {
        const string Hostile = "<img src=x onerror=alert(1)>";
        var start = DateTimeOffset.UnixEpoch;
        var now = 0; // who starts a run again knows no step
        string Event(string kind, int step, string detail)
            => JsonSerializer.Serialize(new { kind, step, time = start.AddSeconds(now = Math.Max(now, step)), uptime = now + 1.0, boot = "b", detail }) + "\n";
        File.WriteAllText(Path.Combine(run, "history.jsonl"), Event("start", 0, "process 7 on n1, 2 ranks") + Event("first-step", 1, "") + Event("checkpoint", 100, "0.010 s") + Event("checkpoint", 149, "0.010 s")
            + Event("restart", 0, $"a rank ended {Hostile}") + Event("node", 0, $"n1 disk: {Hostile}") + Event("start", 0, "process 8 on n1, 2 ranks") + Event("first-step", 150, ""));
        File.WriteAllLines(Path.Combine(run, "log.txt"), Enumerable.Range(1, 300).Select(i => $"2026-01-01 00:00:00  step {i} {Hostile}"));
        File.WriteAllLines(Path.Combine(run, "ranks.jsonl"), Enumerable.Range(1, 6).Select(i
            => JsonSerializer.Serialize(new { step = 50 * i, own = new[] { 0.01, i == 4 ? 0.05 : 0.01 }, data = new[] { 0, 0.002 }, wait = new[] { 0.001, 0 } })));
        File.WriteAllText(Path.Combine(run, "plan.json"), JsonSerializer.Serialize(new
        {
            planner = Hostile,
            batch = 8,
            budgetBytes = 6 << 20,
            peakBytes = 5 << 20,
            keepAllBytes = 9 << 20,
            overhead = 0.03,
            recomputes = 2,
            steps = new[] { $"forward {Hostile}", "forward b", "loss", "backward b", "backward a" },
            peaks = new[] { 2 << 20, 4 << 20, 5 << 20, 4 << 20, 1 << 20 },
            keepAll = new[] { 2 << 20, 6 << 20, 9 << 20, 4 << 20, 1 << 20 },
        }));
        File.WriteAllText(Path.Combine(run, "report.html"), "<!doctype html><title>a report</title><body>of the run<script>document.body.append(' and its figures'); try { parent.document.title = 'ours' } catch { }</script>");
    }

    private static void Write(string folder, string id, int steps, double rate, int spike = 0)
    {
        var run = Directory.CreateDirectory(Path.Combine(folder, id)).FullName;
        File.WriteAllText(Path.Combine(run, "config.json"),
            JsonSerializer.Serialize(new
            {
                model = "net",
                parameters = 12,
                ranks = 2,
                options = new { learningRate = rate }
            }));
        using var lines = new StreamWriter(Path.Combine(run, "metrics.jsonl"));
        for (var step = 1; step <= steps; step++)
        {
            var loss = step == spike ? 50 : 2.3 * Math.Exp(-10.0 * rate * step / steps);
            lines.WriteLine(FormattableString.Invariant($$"""{"kind":"train","step":{{step}},"epoch":0,"loss":{{loss}},"learningRate":{{rate}},"samplesPerSecond":100,"liveBytes":1000000,"peakBytes":2000000,"seconds":0.01}"""));
            if (step % (steps / 3) == 0) lines.WriteLine(FormattableString.Invariant($$"""{"kind":"eval","step":{{step}},"epoch":0,"loss":{{loss}},"accuracy":{{0.6 + rate}}}"""));
        }
    }
}
