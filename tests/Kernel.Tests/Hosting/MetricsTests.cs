using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Interactive.Kernel.Hosting;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>What Debian's Prometheus makes of a training.</summary>
public sealed class MetricsTests
{
    private const string Prometheus = "/usr/bin/prometheus", Promtool = "/usr/bin/promtool";

    private static string Deploy { get; } = Path.Combine(ProjectFolder.Root, "deploy");

    [Theory]
    [InlineData("9464", "127.0.0.1:9464")]
    [InlineData("node1:1", "node1:1")]
    [InlineData("hostname:65535", "hostname:65535")]
    [InlineData("[::1]:9464", "[::1]:9464")]
    [InlineData("0", null)]
    [InlineData("65536", null)]
    [InlineData("9464 ", null)]
    [InlineData(":9464", null)]
    [InlineData("a b:9464", null)]
    [InlineData("node1", null)]
    public void A_port_may_have_a_host(string given, string? read)
    {
        if (read is not null) Assert.Equal(read, MetricsPort.Parse(given).ToString());
        else Assert.Contains($"--metrics-port {given}", Assert.Throws<UsageException>(() => MetricsPort.Parse(given)).Message);
    }

    [SkippableFact, Trait("Speed", "slow")]
    public async Task Alerts_fire_when_they_should()
    {
        Skip.IfNot(File.Exists(Promtool), $"{Promtool} is not there: apt-get install prometheus");
        foreach (var line in (string[][])[["check", "config", "prometheus.yml"], ["check", "rules", "alerts.yml"], ["test", "rules", "alerts-test.yml"]])
        {
            using var promtool = Process.Start(new ProcessStartInfo(Promtool, line) { WorkingDirectory = Path.Combine(Deploy, "prometheus"), RedirectStandardOutput = true, RedirectStandardError = true })!;
            var told = await promtool.StandardOutput.ReadToEndAsync() + await promtool.StandardError.ReadToEndAsync();
            await promtool.WaitForExitAsync();
            Assert.True(promtool.ExitCode == 0, told);
        }
    }

    private const string Script = """
        using Interactive.Data; using Interactive.Graphs; using Interactive.Monitoring; using Interactive.Training;
        var data = new SyntheticData(256, new Shape(1, 8, 8), 4);
        var b = new GraphBuilder("net", data.Shape);
        var options = CommandLine.Parse(Args, new TrainerOptions { Name = "scraped", Epochs = 1, BatchSize = 8, LogGradientNorm = true, Progress = false });
        new Trainer(b.Build(b.Input.Flatten().Linear(4)), data, data, options, hooks: [new Waits()]).Run();
        class Waits : Hook
        {
            public override void AfterStep(Trainer trainer, TrainRecord record) => System.Threading.Thread.Sleep(20);
            // Until the test has seen what it wants.
            public override void AfterRun(Trainer trainer) { var seen = Environment.GetEnvironmentVariable("SEEN")!; while (!System.IO.File.Exists(seen) && System.IO.Directory.Exists(System.IO.Path.GetDirectoryName(seen))) System.Threading.Thread.Sleep(100); }
        }
        """;

    [SkippableFact, Trait("Speed", "slow")]
    public async Task Two_ranks_are_scraped_and_every_panel_has_data()
    {
        Skip.IfNot(File.Exists(Prometheus), $"{Prometheus} is not there: apt-get install prometheus");
        using var folder = new TemporaryFolder();
        var (script, seen, port, own) = (folder.Write("train.csx", Script), Path.Combine(folder.Path, "seen"), FreePort(), FreePort());
        folder.Write("prometheus.yml", $"global: {{ scrape_interval: 1s }}\nscrape_configs: [{{ job_name: interactive, static_configs: [{{ targets: ['127.0.0.1:{port}', '127.0.0.1:{port + 1}'] }}] }}]\n");
        using var prometheus = Process.Start(new ProcessStartInfo(Prometheus, [$"--config.file={folder.Path}/prometheus.yml", $"--storage.tsdb.path={folder.Path}/data", $"--web.listen-address=127.0.0.1:{own}"]) { RedirectStandardError = true })!;
        prometheus.ErrorDataReceived += (_, _) => { };
        prometheus.BeginErrorReadLine();
        try
        {
            var training = InteractiveProcess.RunUnder(("SEEN", seen), "launch", "-n", "2", "--metrics-port", $"{port}", script, "--", "--out", folder.Path);
            using var client = new HttpClient { BaseAddress = new($"http://127.0.0.1:{own}") };
            async Task<JsonElement[]> Query(string expression)
            {
                try { return [.. JsonDocument.Parse(await client.GetStringAsync($"/api/v1/query?query={Uri.EscapeDataString(expression)}")).RootElement.GetProperty("data").GetProperty("result").EnumerateArray()]; }
                catch (HttpRequestException) { return []; } // it still starts
            }
            static double Value(JsonElement series) => double.Parse(series.GetProperty("value")[1].GetString()!, System.Globalization.CultureInfo.InvariantCulture);
            // Each rank is scraped in its own time, and a rate needs two scrapes.
            async Task See(string expression, int count = 1)
            {
                for (var patience = Stopwatch.StartNew(); (await Query(expression)).Length < count; await Task.Delay(300))
                    Assert.True(patience.Elapsed < TimeSpan.FromMinutes(3) && !training.IsCompleted, $"{expression} was not seen: {(training.IsCompleted ? (await training).Error : "still running")}");
            }
            await See("interactive_samples_total == 256");
            await See("interactive_step_seconds_count == 32", 2);
            await See("interactive_evaluation", 2);
            Assert.Equal(["0 32", "1 32"], (await Query("interactive_step_seconds_count")).Select(s => $"{s.GetProperty("metric").GetProperty("rank").GetString()} {Value(s)}").Order());
            Assert.Equal(32, Value(Assert.Single(await Query("interactive_last_step"))));
            Assert.Equal(0, Value(Assert.Single(await Query("interactive_nonfinite_total"))));
            Assert.Equal(["accuracy", "loss"], (await Query("interactive_evaluation")).Select(s => s.GetProperty("metric").GetProperty("metric").GetString()).Order());
            Assert.All(await Query("interactive_tensor_peak_bytes"), s => Assert.True(Value(s) > 0));
            foreach (var panel in Panels()) await See(panel);
            File.WriteAllText(seen, "");
            var (exit, _, error) = await training;
            Assert.True(exit == 0, error);
        }
        finally
        {
            File.WriteAllText(seen, "");
            prometheus.Kill();
        }
    }

    private static IEnumerable<string> Panels() => JsonDocument.Parse(File.ReadAllText(Path.Combine(Deploy, "grafana", "interactive.json"))).RootElement.GetProperty("panels").EnumerateArray()
        .SelectMany(panel => panel.GetProperty("targets").EnumerateArray()).Select(target => Regex.Replace(target.GetProperty("expr").GetString()!, "\\$run", ".*"));

    // The first of two.
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port is var port && port < 65535 ? port : 65534;
    }
}
