using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Interactive.Extensions.Display;
using Interactive.Extensions.Runs;
using Interactive.Monitoring;

namespace Interactive.Kernel.Hosting.Commands.Runs;

/// <summary><c>interactive runs list [--sort COLUMN] [--filter COLUMN=VALUE] [--json]</c></summary>
internal static class ListCommand
{
    // Where and how, not what was trained.
    private static readonly string[] unlike = ["name", "out", "resume", "progress", "trace", "maxSteps"];

    public static Command Create()
    {
        var (root, json) = (RunsCommand.Root(), RunsCommand.Json());
        var sort = new Option<string?>("--sort")
        {
            Description = "a column, such as accuracy or learning-rate; -COLUMN for the largest first",
        };
        var filter = new Option<string[]>("--filter")
        {
            Description = "COLUMN=VALUE, such as state=finished or batch-size=64; may be given several times",
        };
        var command = new Command("list",
            "Lists runs, oldest first, with what differs between them.") { root, sort, filter, json };
        command.SetAction(parsed =>
        {
            var folder = parsed.GetValue(root)!;
            if (!Directory.Exists(folder)) throw new UsageException($"--out {folder}: there is no such folder");
            var rows = RunRow.All(folder, problem => Console.Error.WriteLine($"interactive: {problem}")).ToList();
            foreach (var condition in parsed.GetValue(filter) ?? []) rows = Filter(rows, condition);
            if (parsed.GetValue(sort) is { } by) rows = Sort(rows, by);
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize(new { runs = rows }, RunRowJson.Options));
            else Console.WriteLine(rows.Count == 0 ? $"{folder} holds no such run" : RunsCommand.Text(Table(rows)));
            return 0;
        });
        return command;
    }

    /// <summary>The options in which runs differ, as flags.</summary>
    public static IReadOnlyList<string> Differing(IReadOnlyList<RunRow> rows)
        => [.. rows.SelectMany(r => r.Options.Keys).Distinct().Where(o
        => !unlike.Contains(o) && rows.Select(r => r.Options.GetValueOrDefault(o, "")).Distinct().Count() > 1)];

    public static Table Table(IReadOnlyList<RunRow> rows)
    {
        var options = Differing(rows);
        var metrics = rows.SelectMany(r => r.Metrics.Keys).Distinct().ToList();
        return new(["run", "state", "model", "steps", .. metrics, .. options],
            [.. rows.Select(r => (IReadOnlyList<string>)[r.Run, r.State, r.Model, r.Column("steps")!,
                .. metrics.Concat(options).Select(c => r.Column(c) ?? "")])]);
    }

    private static List<RunRow> Filter(List<RunRow> rows, string condition)
    {
        if (condition.Split('=', 2) is not [var column, var value])
            throw new UsageException($"--filter {condition}: COLUMN=VALUE is needed, such as state=finished");
        Require(rows, "--filter", column);
        return [.. rows.Where(r => r.Column(column) is { } text
            && (text == value || Number(text) is { } left && Number(value) is { } right && left == right))];
    }

    private static List<RunRow> Sort(List<RunRow> rows, string by)
    {
        var (down, column) = (by.StartsWith('-') && !by.StartsWith("--", StringComparison.Ordinal), by.TrimStart('-'));
        Require(rows, "--sort", column);
        var sorted = rows.OrderBy(r => r.Column(column) is null)
            .ThenBy(r => Key(r, column) is { } n ? down ? -n : n : 0);
        return [.. down ? sorted.ThenByDescending(r => r.Column(column), StringComparer.Ordinal)
            : sorted.ThenBy(r => r.Column(column), StringComparer.Ordinal)];
    }

    // A metric has more digits than its column.
    private static double? Key(RunRow row, string column)
        => row.Metrics.TryGetValue(column, out var metric) ? metric
        : row.Column(column) is { } text ? Number(text) : null;

    private static void Require(List<RunRow> rows, string flag, string column)
    {
        if (rows.Count == 0 || rows.Any(r => r.Column(column) is not null)) return;
        var known = rows.SelectMany(r => r.Metrics.Keys).Distinct().Concat(Differing(rows));
        throw new UsageException($"{flag}: no run has a column '{column}': choose run, state, model, steps, {string.Join(", ", known)}, or another option");
    }

    private static double? Number(string text)
        => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
}
