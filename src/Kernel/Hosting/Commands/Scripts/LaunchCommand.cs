using System.CommandLine;
using System.Diagnostics;
using Interactive.Collectives.Mpi;
using Interactive.Kernel.Hosting.Commands.Boxes;
using Interactive.Kernel.Hosting.Hosts;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive launch -n N FILE.csx [-- ARGS]</c></summary>
internal static class LaunchCommand
{
    public static Command Create()
    {
        var ranks = new Option<int>("--ranks", "-n") { Description = "how many ranks", Required = true };
        var hostfile = new Option<string?>("--hostfile")
        {
            Description = "hosts of a cluster without a scheduler, a line each: NAME:RANKS (default: this machine, or what Slurm has given)",
        };
        var restarts = new Option<int>("--restarts")
        {
            Description = "start again from the last checkpoint (with --resume) so often, until the run is finished",
        };
        var stall = new Option<int>("--stall")
        {
            Description = "with --restarts: seconds without progress after which the job counts as hung",
            DefaultValueFactory = _ => 600,
        };
        var file = new Argument<string>("FILE") { Description = "a C# script (.csx) or a notebook (.ipynb, .dib)" };
        var output = new Option<string?>("--output", "-o")
        {
            Description = "write the notebook with rank 0's outputs to this .ipynb",
        };
        var options = new ScriptOptions();
        var command = new Command("launch", "Runs a C# script or a notebook on several MPI ranks.") { file };
        options.AddTo(command);
        command.Add(options.MetricsPort);
        command.Add(ranks);
        command.Add(options.Mpi);
        command.Add(hostfile);
        command.Add(restarts);
        command.Add(stall);
        command.Add(output);
        var boxes = new BoxOptions("--box");
        boxes.AddTo(command);
        command.SetAction(parsed =>
        {
            var script = ScriptFile.Open(parsed.GetValue(file)!);
            var isNotebook = NotebookHost.IsNotebook(script.Path);
            var (release, cache) = (options.IsRelease(parsed), !parsed.GetValue(options.NoCache));
            var flavor = options.Flavor(parsed, script.Code);
            var arguments = options.Read(parsed);
            if (parsed.GetValue(restarts) < 0)
                throw new UsageException($"--restarts {parsed.GetValue(restarts)}: at least 0 is needed");
            if (parsed.GetValue(stall) < 1)
                throw new UsageException($"--stall {parsed.GetValue(stall)}: at least 1 second is needed");
            using var hosts = parsed.GetValue(hostfile) is { } list ? HostFile.Read(list, parsed.GetValue(ranks)) : null;
            if (hosts is not null && parsed.GetValue(boxes.Image) is not null)
                throw new UsageException("--hostfile with --box: a box spans one host");
            if (boxes.Read(parsed, LaunchBox.Binds(script.Path)) is { } box)
                return box.Run(LaunchBox.Command(parsed, command, boxes, script.Path, arguments), ChildProcess.Run);
            ProcessStartInfo Start(bool resume)
            {
                List<string> run = [DotnetProgram.Path, typeof(LaunchCommand).Assembly.Location, "run", script.Path,
                    "-c", release ? "release" : "debug"];
                if (!cache) run.Add("--no-cache");
                if (parsed.GetValue(output) is { } copy) run.AddRange(["--output", copy]);
                run.AddRange(["--", .. arguments]);
                if (resume && !arguments.Contains("--resume")) run.Add("--resume");
                var start = MpiLauncher.Command(parsed.GetValue(ranks), run, flavor);
                start.Environment[ScriptCache.RankVariable] = "1";
                if (options.Scraped(parsed) is { } port) start.Environment[MetricsPort.Variable] = port;
                hosts?.AddTo(start);
                return start;
            }
            var first = Start(resume: false);
            // Compiled once here, the ranks find it in the cache, and an error is told once.
            try { if (cache && !isNotebook) script.Compile(release); }
            catch (ScriptCompileException e)
            {
                Console.Error.WriteLine(e.Message);
                return ScriptHost.Failure;
            }
            return parsed.GetValue(restarts) == 0 ? ChildProcess.Run(first)
                : new Supervisor(Start, parsed.GetValue(restarts), TimeSpan.FromSeconds(parsed.GetValue(stall))).Run();
        });
        return command;
    }
}
