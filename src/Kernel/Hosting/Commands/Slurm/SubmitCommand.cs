using System.CommandLine;
using System.Text.Json;
using System.Text.RegularExpressions;
using Interactive.Kernel.Hosting.Commands.Boxes;
using Interactive.Kernel.Hosting.Slurm;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Commands.Slurm;

/// <summary><c>interactive slurm submit FILE.csx [--nodes N] … [-- ARGS]</c></summary>
internal static partial class SubmitCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "a C# script (.csx)" };
        var arguments = new Argument<string[]>("ARGS")
        {
            Description = "the script's arguments, after --",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var nodes = new Option<int>("--nodes") { Description = "hosts", DefaultValueFactory = _ => 1 };
        var ranks = new Option<int>("--ranks-per-node") { Description = "ranks on each", DefaultValueFactory = _ => 1 };
        var time = new Option<string>("--time")
        {
            Description = "time limit: minutes, or [days-]hours:minutes:seconds",
            DefaultValueFactory = _ => "1:00:00",
        };
        var lead = new Option<int>("--lead")
        {
            Description = "seconds before the limit at which the run saves",
            DefaultValueFactory = _ => 120,
        };
        var requeue = new Option<bool>("--requeue")
        {
            Description = "a job that is cut goes back into the queue until its run is finished",
        };
        var partition = new Option<string?>("--partition") { Description = "of the cluster (default: its own)" };
        var name = new Option<string?>("--job-name") { Description = "default: the script's" };
        var root = new Option<string>("--out")
        {
            Description = "folder of run directories and the job's log",
            DefaultValueFactory = _ => "runs",
        };
        var extra = new Option<string[]>("--option")
        {
            Description = "another option of sbatch, such as --option=--exclude=n1",
        };
        var mpi = new ScriptOptions().Mpi;
        var dry = new Option<bool>("--dry-run") { Description = "print the script and submit nothing" };
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        var command = new Command("submit", "Submits a training script; it is saved before its time is up, and goes on where it was.") { file, arguments };
        foreach (var option in new Option[] { nodes, ranks, time, lead, requeue, partition, name, root, mpi, extra, dry, json }) command.Add(option);
        var boxes = new BoxOptions("--box");
        boxes.AddTo(command);
        command.SetAction(parsed =>
        {
            var script = ScriptFile.Open(parsed.GetValue(file)!);
            foreach (var (option, least) in new[] { (nodes, 1), (ranks, 1), (lead, 1) })
                if (parsed.GetValue(option) < least)
                    throw new UsageException($"{option.Name} {parsed.GetValue(option)}: at least {least} is needed");
            _ = boxes.Read(parsed);
            if (parsed.GetValue(boxes.Image) is not null && parsed.GetValue(nodes) > 1)
                throw new UsageException($"--nodes {parsed.GetValue(nodes)} with --box: a box spans one host");
            if (!Limit().IsMatch(parsed.GetValue(time)!))
                throw new UsageException($"--time {parsed.GetValue(time)}: write minutes (90), 1:30:00 or 1-12:00:00");
            var batch = new BatchScript(parsed.GetValue(file)!, parsed.GetValue(arguments) ?? [],
                parsed.GetValue(nodes), parsed.GetValue(ranks), parsed.GetValue(time)!, parsed.GetValue(lead),
                parsed.GetValue(requeue),
                parsed.GetValue(partition), parsed.GetValue(name) ?? Path.GetFileNameWithoutExtension(script.Path),
                    parsed.GetValue(root)!, parsed.GetValue(extra) ?? [],
                    [.. boxes.Words(parsed), .. parsed.GetValue(mpi) is { } flavor ? ["--mpi", flavor] : (string[])[]]);
            var text = batch.ToText(File.Exists("interactive") ? ["./interactive"]
                : [DotnetProgram.Path, typeof(SubmitCommand).Assembly.Location]);
            if (parsed.GetValue(dry))
            {
                Console.Write(text);
                return 0;
            }
            Directory.CreateDirectory(batch.Out); // Slurm makes none for the log
            var id = SlurmTool.Run("sbatch", ["--parsable"], text).Trim().Split(';')[0];
            Console.WriteLine(parsed.GetValue(json)
                ? JsonSerializer.Serialize(new { job = id }, JsonSerializerOptions.Web)
                : $"job {id}: interactive slurm status {id}, interactive slurm logs {id} --follow");
            return 0;
        });
        return command;
    }

    [GeneratedRegex(@"^(\d+-)?\d+(:\d{1,2}){0,2}$")]
    private static partial Regex Limit();
}
