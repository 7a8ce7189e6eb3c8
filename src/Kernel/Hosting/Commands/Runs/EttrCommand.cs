using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Interactive.Extensions.Runs;
using Interactive.Monitoring;

namespace Interactive.Kernel.Hosting.Commands.Runs;

/// <summary><c>interactive runs ettr [RUN|--all]</c></summary>
internal static class EttrCommand
{
    public static Command Create()
    {
        var (root, run, json) = (RunsCommand.Root(), RunsCommand.Run(), RunsCommand.Json());
        var all = new Option<bool>("--all") { Description = "all runs below --out, one by one and together" };
        var command = new Command("ettr", "Effective training time ratio: steps that were kept over wall time, restarts included.") { run, root, all, json };
        command.SetAction(parsed =>
        {
            var asked = parsed.GetValue(all) ? RunDirectory.All(parsed.GetValue(root)!) : [RunDirectory.Find(parsed.GetValue(root)!, parsed.GetValue(run)!)];
            var times = asked.Select(r => (r.Id, Time: EffectiveTime.Of(r))).Where(r => r.Time is not null).Select(r => (r.Id, Time: r.Time!)).ToList();
            if (times.Count == 0) throw new UsageException(parsed.GetValue(all) ? $"no run in {parsed.GetValue(root)} has kept its history" : $"{asked[0].Id} has kept no history (history.jsonl)");
            if (parsed.GetValue(json))
            {
                Console.WriteLine(JsonSerializer.Serialize(new { runs = times.Select(t => new { run = t.Id, t.Time.StepSeconds, t.Time.WallSeconds, t.Time.Starts, t.Time.Failures, ettr = t.Time.Ratio }) }, RunRowJson.Options));
                return 0;
            }
            foreach (var (id, time) in times) Console.WriteLine($"{RunsCommand.Plain(id)}: {Line(time)}");
            if (times.Count > 1) Console.WriteLine($"together: {Line(new(times.Sum(t => t.Time.StepSeconds), times.Sum(t => t.Time.WallSeconds), times.Sum(t => t.Time.Starts), times.Sum(t => t.Time.Failures)))}");
            return 0;
        });
        return command;
    }

    public static string Line(EffectiveTime time) => string.Create(CultureInfo.InvariantCulture,
        $"effective training time {time.Ratio * 100:F1} %: {time.StepSeconds:F1} s of steps that count in {time.WallSeconds:F1} s, {time.Starts} {(time.Starts == 1 ? "start" : "starts")}, {time.Failures} {(time.Failures == 1 ? "failure" : "failures")}");
}
