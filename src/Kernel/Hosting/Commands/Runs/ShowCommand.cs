using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Interactive.Extensions.Display;
using Interactive.Extensions.Plots;
using Interactive.Extensions.Runs;
using Interactive.Monitoring;

namespace Interactive.Kernel.Hosting.Commands.Runs;

/// <summary><c>interactive runs show [RUN]</c></summary>
internal static class ShowCommand
{
    public static Command Create()
    {
        var (root, run, json) = (RunsCommand.Root(), RunsCommand.Run(), RunsCommand.Json());
        var command = new Command("show",
            "Shows one run: results, options that are not the defaults, history.") { run, root, json };
        command.SetAction(parsed =>
        {
            var directory = RunDirectory.Find(parsed.GetValue(root)!, parsed.GetValue(run)!);
            var metrics = RunMetrics.Read(directory.Path);
            var row = RunRow.Read(directory);
            var (events, time) = (RunEvents.Read(directory), EffectiveTime.Of(directory));
            if (parsed.GetValue(json))
            {
                Console.WriteLine(JsonSerializer.Serialize(new
                {
                    row.Run,
                    row.State,
                    row.Model,
                    row.Steps,
                    row.Metrics,
                    row.Options,
                    events,
                    ettr = time?.Ratio
                }, RunRowJson.Options));
                return 0;
            }
            Console.WriteLine($"{RunsCommand.Plain(directory.Path)} ({row.State})");
            Console.WriteLine(RunsCommand.Text(new(["", ""],
                [.. RunSummary.Of(metrics).Select(f => (IReadOnlyList<string>)[f.Name, f.Value])])));
            var chosen = row.Chosen.Select(o => (IReadOnlyList<string>)[o.Key, o.Value]).ToList();
            if (chosen.Count > 0) Console.WriteLine($"\n{RunsCommand.Text(new(["option", "value"], chosen))}");
            if (events.Count > 0) Console.WriteLine($"\n{RunsCommand.Text(History(events))}");
            if (time is not null) Console.WriteLine($"\n{EttrCommand.Line(time)}");
            return 0;
        });
        return command;
    }

    private static Table History(IReadOnlyList<RunEvent> events)
        => new(["after", "event", "step", ""], [.. events.Zip(RunEvents.Seconds(events), (e, after) =>
        (IReadOnlyList<string>)[string.Create(CultureInfo.InvariantCulture, $"{after:F1} s"),
            e.Kind, e.Step > 0 ? e.Step.ToString(CultureInfo.InvariantCulture) : "", e.Detail])]);
}
