using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Interactive.Extensions.Runs;
using Interactive.Kernel.Hosting.Commands.Slurm;
using Interactive.Kernel.Hosting.Slurm;
using Interactive.Kernel.Hosting.Sweeps;
using Interactive.Kernel.Scripting;
using Interactive.Monitoring;

namespace Interactive.Kernel.Hosting.Commands.Runs;

/// <summary><c>interactive sweep FILE.csx --set FLAG=VALUES … [-- ARGS]</c></summary>
internal static class SweepCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "a C# script that takes the trainer's options" };
        var stop = new Option<string?>("--stop")
        {
            Description = "asha: end trials early that are not among the best third after 1, 3, 9, … evaluations",
        };
        stop.AcceptOnlyFromAmong("asha");
        var metric = new Option<string?>("--metric")
        {
            Description = "what counts (default: what the runs choose their best model by)",
        };
        var name = new Option<string?>("--name")
        {
            Description = "name of the sweep (default: the script's); the same name goes on with it",
        };
        var root = new Option<string>("--out")
        {
            Description = "folder of run directories",
            DefaultValueFactory = _ => "runs",
        };
        var ranks = new Option<int>("--ranks", "-n")
        {
            Description = "MPI ranks of each trial",
            DefaultValueFactory = _ => 1,
        };
        var atOnce = new Option<int?>("--at-once") { Description = "trials that train at the same time (default: 1; with --slurm all)" };
        var slurm = new Option<bool>("--slurm") { Description = "each trial is a job of Slurm, which goes back into the queue when it is cut" };
        var verbose = new Option<bool>("--verbose") { Description = "show each trial's progress" };
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        var options = new ScriptOptions();
        var command = new Command("sweep",
            "Trains a script with other options again and again: random search, grid, early stopping (ASHA).") { file };
        options.AddTo(command);
        var search = new SearchOptions();
        foreach (var option in new Option[] { search.Set, search.Count, search.Kind, stop, metric, search.Seed, name, root, ranks, atOnce, slurm, verbose, json }) command.Add(option);
        var jobs = new JobOptions();
        jobs.AddTo(command);
        command.SetAction(parsed =>
        {
            var script = ScriptFile.Open(parsed.GetValue(file)!);
            var dimensions = search.Dimensions(parsed);
            if (options.Read(parsed).FirstOrDefault(SearchOptions.Own.Contains) is { } given)
                throw new UsageException($"{given} stands behind --: a sweep names its runs itself, and has --name and --out of its own in front of --");
            if (parsed.GetValue(ranks) < 1)
                throw new UsageException($"--ranks {parsed.GetValue(ranks)}: at least 1 is needed");
            if (parsed.GetValue(atOnce) is < 1)
                throw new UsageException($"--at-once {parsed.GetValue(atOnce)}: at least 1 is needed");
            if (!parsed.GetValue(slurm) && jobs.Given(parsed) is { } alone)
                throw new UsageException($"{alone} is for jobs of Slurm: --slurm is needed");
            var (all, nodes) = (parsed.GetValue(ranks), Math.Max(1, parsed.GetValue(jobs.Nodes)));
            if (all % nodes != 0)
                throw new UsageException($"--ranks {all} on --nodes {nodes}: each node has the same number of ranks");
            var (trials, isGrid) = search.Trials(parsed, dimensions);
            var arguments = options.Read(parsed);
            var called = parsed.GetValue(name) ?? Path.GetFileNameWithoutExtension(script.Path);
            RunDirectory.RequireName(called);
            var (runs, folder) = (parsed.GetValue(root)!, Path.Combine(parsed.GetValue(root)!, $"sweep-{called}"));
            IReadOnlyList<string> Words(string run, IReadOnlyList<string> flags) => [.. arguments, "--name", run, "--out", runs, "--resume",
                .. parsed.GetValue(verbose) ? [] : (string[])["--no-progress"], .. flags];
            BatchScript Batch(string run, IReadOnlyList<string> flags)
                => jobs.Read(parsed, parsed.GetValue(file)!, Words(run, flags), all / nodes, requeue: true, run, runs, []);
            ITrialProcess Start(string run, IReadOnlyList<string> flags, string note)
            {
                if (parsed.GetValue(slurm)) return new SlurmTrial(Path.Combine(folder, $"{run}.job"), Batch(run, flags));
                string[] launch = all > 1 ? ["launch", "-n", $"{all}"] : ["run"];
                var start = new ProcessStartInfo(DotnetProgram.Path, [typeof(SweepCommand).Assembly.Location, .. launch, script.Path, "--", .. Words(run, flags)]);
                start.Environment[RunDirectory.NoteVariable] = note;
                return new LocalTrial(start, runs, run);
            }
            _ = Batch(called, []); // what is no option of a job is told before anything starts
            var sweep = new Sweep(folder, dimensions, trials, Start, runs,
                parsed.GetValue(atOnce) ?? (parsed.GetValue(slurm) ? trials.Count : 1), parsed.GetValue(stop) is null ? 0 : 3, parsed.GetValue(metric));
            var definition = new Dictionary<string, object?>
            {
                ["script"] = Path.GetFileName(script.Path),
                ["set"] = dimensions.Select(d => d.Text),
                ["grid"] = isGrid,
                ["seed"] = parsed.GetValue(search.Seed),
                ["stop"] = parsed.GetValue(stop),
                ["arguments"] = arguments,
            };
            if (parsed.GetValue(metric) is { } counts) definition["metric"] = counts; // trials are compared by one
            var done = sweep.Run(definition);
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize(new { trials = done }, RunRowJson.Options));
            else Console.WriteLine($"\n{Sweep.Ranking(done).ToText()}");
            return done.Count < trials.Count ? 130 : done.All(t => t.State == "failed") ? 1 : 0;
        });
        return command;
    }
}
