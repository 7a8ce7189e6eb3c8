using System.CommandLine;
using System.Text.Json;
using Interactive.Extensions.Display;
using Interactive.Extensions.Plots;
using Interactive.Extensions.Runs;
using Interactive.Monitoring;

namespace Interactive.Kernel.Hosting.Commands.Runs;

/// <summary><c>interactive runs compare RUN RUN …</c></summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var (root, json) = (RunsCommand.Root(), RunsCommand.Json());
        var runs = new Argument<string[]>("RUNS")
        {
            Description = "folders of runs, or their names below --out",
            Arity = new ArgumentArity(2, 100),
        };
        var figure = new Option<string?>("--figure") { Description = "write the loss curves to this .html or .png" };
        var command = new Command("compare",
            "Compares runs: what was asked of them and what came out.") { runs, root, figure, json };
        command.SetAction(parsed =>
        {
            var directories = parsed.GetValue(runs)!.Select(r => RunDirectory.Find(parsed.GetValue(root)!, r)).ToList();
            var rows = directories.Select(d => RunRow.Read(d)).ToList();
            if (parsed.GetValue(figure) is { } path)
            {
                FigureFile.Write(path, TrainingFigures.Compare([.. directories.Select(d => RunMetrics.Read(d.Path))]));
                Console.WriteLine(path);
            }
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize(new { runs = rows, differ = ListCommand.Differing(rows) },
                RunRowJson.Options));
            else Console.WriteLine(RunsCommand.Text(Table(rows)));
            return 0;
        });
        return command;
    }

    // A column a run: what they share takes no place.
    private static Table Table(IReadOnlyList<RunRow> rows)
    {
        var lines =
            rows.SelectMany(r => r.Metrics.Keys).Distinct().Concat(ListCommand.Differing(rows)).Prepend("steps")
            .Prepend("model").Prepend("state");
        return new(["", .. rows.Select(r => r.Run)],
            [.. lines.Select(line => (IReadOnlyList<string>)[line, .. rows.Select(r => r.Column(line) ?? "")])]);
    }
}
