using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Interactive.Extensions.Display;
using Interactive.Kernel.Hosting.Queues;

namespace Interactive.Kernel.Hosting.Commands.Queues;

/// <summary><c>interactive cluster simulate JOBS.csv --gpus N [--policy …]</c></summary>
internal static class ClusterCommand
{
    public static Command Create() => new("cluster", "Compares ways to run a cluster's queue.") { Simulate() };

    private static Command Simulate()
    {
        var file = new Argument<string>("JOBS")
        {
            Description = "a CSV of jobs: submit_time, duration (seconds), gpus; user and name for qssf",
        };
        var gpus = new Option<int>("--gpus") { Description = "of the cluster", Required = true };
        var policies = new Option<string>("--policy")
        {
            Description = string.Join("; ", QueuePolicy.All.Select(p => $"{p.Name}: {p.Description}")),
            DefaultValueFactory = _ => "fifo,backfill,sjf,qssf",
        };
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        var command = new Command("simulate", "Plays a trace of jobs under several policies.") { file, gpus, policies, json };
        command.SetAction(parsed =>
        {
            var most = parsed.GetValue(gpus);
            if (most < 1) throw new UsageException($"--gpus {most}: at least 1 is needed");
            var asked = parsed.GetValue(policies)!.Split(',', StringSplitOptions.TrimEntries).Select(QueuePolicy.Find).ToList();
            var jobs = QueuedJob.Read(parsed.GetValue(file)!, most);
            var outcomes = asked.Select(policy => QueueSimulator.Run(jobs, most, policy)).ToList();
            Console.WriteLine(parsed.GetValue(json)
                ? JsonSerializer.Serialize(new { jobs = jobs.Count, gpus = most, outcomes }, JsonSerializerOptions.Web)
                : new Table(["policy", "mean completion s", "mean wait s", "95 % wait at most s", "makespan s", "GPUs held %"],
                    [.. outcomes.Select(Row)]).ToText());
            return 0;
        });
        return command;
    }

    private static IReadOnlyList<string> Row(QueueOutcome o)
    {
        static string Text(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);
        return [o.Policy, Text(o.MeanCompletion, "F2"), Text(o.MeanWait, "F2"), Text(o.LongWait, "F0"), Text(o.Makespan, "F0"), Text(100 * o.Utilization, "F1")];
    }
}
