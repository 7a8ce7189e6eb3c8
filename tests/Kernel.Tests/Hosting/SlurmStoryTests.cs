using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Interactive.Kernel.Scripting;
using Interactive.Monitoring;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>A job's whole life on a real Slurm, as its owner sees it in the dashboard.</summary>
[Trait("Speed", "long")]
public sealed class SlurmStoryTests
{
    [SkippableFact]
    public async Task Submitted_preempted_requeued_its_node_killed_resumed_and_finished()
    {
        var (cluster, why) = SlurmCluster.Start(26977);
        Skip.If(cluster is null, why);
        using var _ = cluster;
        using var job = new SlurmTraining(cluster);
        using var dashboard = Process.Start(new ProcessStartInfo("dotnet", [typeof(ScriptSession).Assembly.Location, "dashboard", job.Runs, "--port", "0"]) { RedirectStandardOutput = true })!;
        try
        {
            using var client = new HttpClient { BaseAddress = new(Regex.Match((await dashboard.StandardOutput.ReadLineAsync())!, "http://\\S+").Value) };
            using var end = new CancellationTokenSource();
            await job.Submit("--requeue", "--partition", "low", "--time", "30");
            var states = new List<string>();
            var watching = Watch(client, job.Run.Id, states, end.Token);
            await job.Until(() => states.Count == 1, "the dashboard shows it");

            cluster.Run("sbatch --partition=high --nodes=2 --exclusive --output=/dev/null --wrap='sleep 2'");
            await job.Until(() => job.Count("stop") == 1, "it is preempted and saves");
            await job.StartAgain();
            await job.Until(() => job.Count("first-step") == 2 && states.Count == 3, "it goes on");

            var (node, steps) = (cluster.Run($"squeue -h -j {job.Job} -o %N").Trim(), job.Steps);
            await job.Until(() => job.Steps > steps + 5, "it trains");
            cluster.KillNode(node, job.Job);
            await job.StartAgain(); // when Slurm has noticed
            await job.Until(() => job.Count("first-step") == 3 && states.Count == 5, "it goes on elsewhere");
            Assert.NotEqual(node, cluster.Run($"squeue -h -j {job.Job} -o %N").Trim());
            await job.Finish();
            await job.Until(() => !job.Run.IsLive, "its process ends");
            await job.HasTheBitsOfAnUncutRun();

            await job.Until(() => states.Count == 6, "the dashboard shows its end");
            end.Cancel();
            var told = await watching;
            Assert.Equal(["live", "cut", "live", "cut", "live", "finished"], states);
            Assert.True(told > 0, "the page was not told of any change");
            var shown = JsonDocument.Parse(await client.GetStringAsync($"/api/runs/{job.Run.Id}")).RootElement;
            Assert.Equal(RunEvents.Read(job.Run).Select(e => e.Kind), shown.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("kind").GetString()!));
            Assert.InRange(shown.GetProperty("ettr").GetProperty("ratio").GetDouble() / RatioOfLogs(job.Run), 0.99, 1.01);
            var logs = JsonDocument.Parse(await client.GetStringAsync($"/api/runs/{job.Run.Id}/log")).RootElement.EnumerateArray().ToDictionary(l => l.GetProperty("name").GetString()!, l => l.GetProperty("text").GetString()!);
            Assert.Contains("it is preempted; its run is saved", logs[$"slurm-{job.Job}.out"]);
            Assert.Contains("resuming", logs["log.txt"]);
        }
        finally { dashboard.Kill(entireProcessTree: true); }
    }

    // What a page that shows this run is told: each state in turn, and how often that something has changed.
    private static async Task<int> Watch(HttpClient client, string run, List<string> states, CancellationToken end)
    {
        var told = 0;
        using var live = new StreamReader(await client.GetStreamAsync($"/api/live?run={run}", end));
        try
        {
            while (await live.ReadLineAsync(end) is { } line)
            {
                if (!line.StartsWith("event: ", StringComparison.Ordinal)) continue;
                if (line == "event: changed") told++;
                var state = JsonDocument.Parse(await client.GetStringAsync($"/api/runs/{run}", end)).RootElement.GetProperty("state").GetString()!;
                if (states.LastOrDefault() != state) states.Add(state);
            }
        }
        catch (OperationCanceledException) { }
        return told;
    }

    // Seconds of the steps that were kept, over the uptime from the first event to the last: without the engine's own reading.
    private static double RatioOfLogs(RunDirectory run)
    {
        IEnumerable<JsonElement> Lines(string path) => File.ReadLines(path).Select(line => JsonDocument.Parse(line).RootElement);
        var up = Lines(Path.Combine(run.Path, "history.jsonl")).Select(e => e.GetProperty("uptime").GetDouble()).ToList();
        return Lines(run.Metrics).Where(l => l.GetProperty("kind").GetString() == "train").Sum(l => l.GetProperty("seconds").GetDouble()) / (up[^1] - up[0]);
    }
}
