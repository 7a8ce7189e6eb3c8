using System.CommandLine;
using Interactive.Extensions.Plots;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive report RUN</c></summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var run = new Argument<string>("run")
        {
            Description = "a run directory, such as runs/20260101-120000-train, its name, or latest",
        };
        var command = new Command("report",
            "Writes report.html of a run: its curves in one page that opens offline.") { run };
        command.SetAction(parsed =>
        {
            Console.WriteLine(Report.Write(RunPath.OfRun(parsed.GetValue(run)!)));
            return 0;
        });
        return command;
    }
}
