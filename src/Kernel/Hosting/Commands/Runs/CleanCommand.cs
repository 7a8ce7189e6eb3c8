using System.CommandLine;
using Interactive.Monitoring;
using Interactive.Training;

namespace Interactive.Kernel.Hosting.Commands.Runs;

/// <summary><c>interactive runs clean [--cut] [--older DAYS] [--checkpoints] [--yes]</c></summary>
internal static class CleanCommand
{
    private const int Oldest = 365_000; // days: a date that calendars still have

    public static Command Create()
    {
        var root = RunsCommand.Root();
        var cut = new Option<bool>("--cut") { Description = "only runs that did not finish" };
        var older = new Option<int>("--older")
        {
            Description = "only runs in which nothing has been written for so many days",
        };
        var checkpoints = new Option<bool>("--checkpoints")
        {
            Description = "only their checkpoints but the best: curves and models stay",
        };
        var yes = new Option<bool>("--yes") { Description = "delete; without it the runs are only listed" };
        var command = new Command("clean",
            "Deletes runs, or their checkpoints. Live ones are left alone.") { root, cut, older, checkpoints, yes };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(older) < 0)
                throw new UsageException($"--older {parsed.GetValue(older)}: at least 0 days are needed");
            if (!parsed.GetValue(cut) && parsed.GetValue(older) == 0 && !parsed.GetValue(checkpoints))
                throw new UsageException("runs clean needs --cut, --older DAYS or --checkpoints: it does not delete everything");
            var limit = DateTime.UtcNow - TimeSpan.FromDays(Math.Min(parsed.GetValue(older), Oldest));
            var bytes = 0L;
            foreach (var run in RunDirectory.All(parsed.GetValue(root)!)
                .Where(r => !r.IsLive && !(parsed.GetValue(cut) && r.IsFinished)))
            {
                var files = new DirectoryInfo(run.Path).GetFiles("*", SearchOption.AllDirectories);
                if (parsed.GetValue(older) > 0 && files.Any(f => f.LastWriteTimeUtc > limit)) continue;
                if (parsed.GetValue(checkpoints))
                    files =
                    [.. files.Where(f
                    => f.DirectoryName == run.Checkpoints && f.Name.StartsWith("step-", StringComparison.Ordinal))];
                if (files.Length == 0) continue;
                // Its owner may be of another container, or have just begun: what is held is alive, whatever is written there.
                using var held = parsed.GetValue(yes) ? RunLock.Take(run, resumes: false) : null;
                if (parsed.GetValue(yes) && held is null)
                {
                    Console.WriteLine($"{RunsCommand.Plain(run.Id)} is alive: left alone");
                    continue;
                }
                bytes += files.Sum(f => f.Length);
                Console.WriteLine($"{RunsCommand.Plain(run.Id)}: {files.Length} files, {Text(files.Sum(f => f.Length))}");
                if (held is null) continue;
                if (parsed.GetValue(checkpoints)) foreach (var file in files) file.Delete();
                else Directory.Delete(run.Path, recursive: true);
            }
            Console.WriteLine(parsed.GetValue(yes) ? $"{Text(bytes)} deleted"
                : $"{Text(bytes)} in all: --yes deletes them");
            return 0;
        });
        return command;
    }

    private static string Text(long bytes) => FormattableString.Invariant($"{bytes / 1048576.0:F1} MiB");
}
