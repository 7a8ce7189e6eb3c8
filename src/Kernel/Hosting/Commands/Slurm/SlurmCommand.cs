using System.CommandLine;
using Interactive.Extensions.Display;
using Interactive.Kernel.Hosting.Slurm;

namespace Interactive.Kernel.Hosting.Commands.Slurm;

/// <summary><c>interactive slurm …</c></summary>
internal static class SlurmCommand
{
    public static Command Create() => new("slurm", "Submits training scripts to Slurm and looks after them.") { SubmitCommand.Create(), Status(), LogsCommand.Create(), Cancel() };

    private static Command Status()
    {
        var job = new Argument<string?>("JOB")
        {
            Description = "its number (default: all of yours)",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("status", "Lists jobs that wait or run.") { job };
        command.SetAction(parsed =>
        {
            string[] which = parsed.GetValue(job) is { } id ? ["--jobs", id] : ["--me"];
            var lines = SlurmTool.Run("squeue", ["--noheader", "--format", "%i|%T|%M|%l|%D|%R|%j", .. which])
                .Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Console.WriteLine(lines.Length == 0 ? "no job waits or runs"
                : new Table(["job", "state", "time", "limit", "nodes", "where or why", "name"],
                [.. lines.Select(l => (IReadOnlyList<string>)l.Split('|', 7))]).ToText());
            return 0;
        });
        return command;
    }

    private static Command Cancel()
    {
        var job = new Argument<string>("JOB") { Description = "its number" };
        var command = new Command("cancel", "Ends a job; a run that trains saves first.") { job };
        command.SetAction(parsed =>
        {
            new SubmittedJob(parsed.GetValue(job)!).Cancel();
            return 0;
        });
        return command;
    }
}
