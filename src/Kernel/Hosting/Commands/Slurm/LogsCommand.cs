using System.CommandLine;
using Interactive.Kernel.Hosting.Slurm;

namespace Interactive.Kernel.Hosting.Commands.Slurm;

/// <summary><c>interactive slurm logs JOB [--follow]</c></summary>
internal static class LogsCommand
{
    private static readonly TimeSpan glance = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var job = new Argument<string>("JOB") { Description = "its number" };
        var follow = new Option<bool>("--follow", "-f") { Description = "until the job is no longer known" };
        var root = new Option<string>("--out")
        {
            Description = "folder that submit was given",
            DefaultValueFactory = _ => "runs",
        };
        var command = new Command("logs", "Prints what a job has written.") { job, follow, root };
        command.SetAction(parsed =>
        {
            var path = Path.Combine(parsed.GetValue(root)!, $"slurm-{parsed.GetValue(job)}.out");
            if (!parsed.GetValue(follow) && !File.Exists(path))
                throw new UsageException($"{path} is not there: the job waits, or wrote elsewhere (--out)");
            var offset = 0L;
            while (true)
            {
                var isKnown = parsed.GetValue(follow)
                    && SlurmTool.Try("squeue", ["--noheader", "--jobs", parsed.GetValue(job)!]) is (0, { Length: > 0 },
                    _);
                offset = Print(path, offset);
                if (!isKnown) return 0;
                Thread.Sleep(glance);
            }
        });
        return command;
    }

    private static long Print(string path, long offset)
    {
        if (!File.Exists(path)) return offset;
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Seek(offset, SeekOrigin.Begin);
        using var output = Console.OpenStandardOutput();
        file.CopyTo(output);
        return file.Position;
    }
}
