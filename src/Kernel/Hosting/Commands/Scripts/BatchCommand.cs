using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Interactive.Collectives.Mpi;
using Interactive.Kernel.Hosting.Commands.Boxes;
using Interactive.Kernel.Hosting.Hosts;
using Interactive.Kernel.Hosting.Slurm;
using Interactive.Kernel.Scripting;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive batch FILE.csx [-- ARGS]</c>: what a Slurm job's script becomes.</summary>
internal static class BatchCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "a C# script (.csx)" };
        var restarts = new Option<int>("--restarts")
        {
            Description = "start again from the last checkpoint so often within the allocation",
            DefaultValueFactory = _ => 3,
        };
        var stall = new Option<int>("--stall")
        {
            Description = "seconds without progress after which the job counts as hung",
            DefaultValueFactory = _ => 600,
        };
        var requeues = new Option<int>("--max-requeues")
        {
            Description = "how often a job may go back into the queue",
            DefaultValueFactory = _ => 20,
        };
        var options = new ScriptOptions();
        var command = new Command("batch",
            "Supervises training inside a Slurm job: saves before the time limit, restarts, requeues.") { file };
        options.AddTo(command);
        command.Add(options.Mpi);
        command.Add(restarts);
        command.Add(stall);
        command.Add(requeues);
        var boxes = new BoxOptions("--box");
        boxes.AddTo(command);
        command.SetAction(parsed =>
        {
            var job = SlurmJob.Read(Environment.GetEnvironmentVariable);
            // Before anything else: what the signal does by default is to end this process.
            using var warning = new TimeLimitSignal();
            if (parsed.GetValue(restarts) < 0)
                throw new UsageException($"--restarts {parsed.GetValue(restarts)}: at least 0 is needed");
            if (parsed.GetValue(stall) < 1)
                throw new UsageException($"--stall {parsed.GetValue(stall)}: at least 1 second is needed");
            var script = ScriptFile.Open(parsed.GetValue(file)!);
            var (arguments, flavor) = (options.Read(parsed), options.Flavor(parsed, script.Code));
            if (boxes.Read(parsed) is not null && job.Nodes > 1)
                throw new UsageException($"the job has {job.Nodes} nodes, and a box (--box) spans one host");
            var box = boxes.Words(parsed);
            string[] mpi = parsed.GetValue(options.Mpi) is { } named ? ["--mpi", named] : [];
            ProcessStartInfo Start(bool resume)
            {
                // The supervisor stays outside of the box, where Slurm's programs are.
                List<string> run = [DotnetProgram.Path, typeof(BatchCommand).Assembly.Location,
                    .. box.Count == 0 ? ["run"] : (string[])["launch", "-n", job.Tasks.ToString(CultureInfo.InvariantCulture), .. mpi, .. box], script.Path,
                    "-c", options.IsRelease(parsed) ? "release" : "debug", "--", .. arguments];
                if (resume && !arguments.Contains("--resume")) run.Add("--resume");
                // Inside, mpirun starts its ranks itself: srun is not there, and a box has one host.
                if (box.Count > 0)
                    return new(run[0], run[1..]) { Environment = { ["OMPI_MCA_ras"] = "^slurm", ["OMPI_MCA_plm"] = "isolated", ["HYDRA_LAUNCHER"] = "fork" } };
                var start = MpiLauncher.Command(job.Tasks, run, flavor);
                start.Environment[ScriptCache.RankVariable] = "1";
                start.Environment.Remove("SLURMD_NODENAME"); // each node's ranks have their own: MPICH's launcher would give all this one's
                if (job.Nodes > 1 && start.FileName.EndsWith("openmpi", StringComparison.Ordinal)) HostFile.HandOn(start);
                return start;
            }
            // Compiled once here, the ranks find it in the cache; what does not compile is not tried again.
            try { if (!parsed.GetValue(options.NoCache)) script.Compile(options.IsRelease(parsed)); }
            catch (ScriptCompileException e)
            {
                Console.Error.WriteLine(e.Message);
                return ScriptHost.Failure;
            }
            var supervisor = new Supervisor(Start, parsed.GetValue(restarts),
                TimeSpan.FromSeconds(parsed.GetValue(stall)))
            { Warning = warning, NoteFolder = box.Count == 0 ? Path.GetTempPath() : CacheFolder.Find() };
            var code = supervisor.Run();
            return new BatchEnd(job, parsed.GetValue(requeues)).Decide(code, warning.HasCome, supervisor.IsStopped,
                supervisor.HasProgress);
        });
        return command;
    }
}
