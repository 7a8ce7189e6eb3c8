using System.CommandLine;
using Interactive.Extensions.Display;

namespace Interactive.Kernel.Hosting.Commands.Runs;

/// <summary><c>interactive runs …</c>: one sub-command a question about past and present runs.</summary>
internal static class RunsCommand
{
    public static Command Create() => new("runs", "Lists, shows, compares, watches and cleans run directories.")
    {
        ListCommand.Create(),
        ShowCommand.Create(),
        CompareCommand.Create(),
        WatchCommand.Create(),
        EttrCommand.Create(),
        CleanCommand.Create(),
    };

    /// <summary>Where runs are, as in <c>--out</c> of a training script.</summary>
    public static Option<string> Root() => new("--out")
    {
        Description = "folder of run directories",
        DefaultValueFactory = _ => "runs",
    };

    /// <summary>Which run.</summary>
    public static Argument<string> Run() => new("RUN")
    {
        Description = "a run's folder, its name below --out, a --name (the newest of it), or latest",
        DefaultValueFactory = _ => "latest",
    };

    /// <summary>A table for a terminal, which no name of a run or a metric tells what to do.</summary>
    public static string Text(Table table)
        => new Table([.. table.Columns.Select(Plain)], [.. table.Rows.Select(row => (IReadOnlyList<string>)[.. row.Select(Plain)])], table.Note).ToText();

    /// <summary>A text without control characters.</summary>
    public static string Plain(string text)
        => text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? $"\\x{(int)c:x2}" : $"{c}")) : text;

    /// <summary>For programs.</summary>
    public static Option<bool> Json() => new("--json") { Description = "one JSON object on the last line of stdout" };
}
