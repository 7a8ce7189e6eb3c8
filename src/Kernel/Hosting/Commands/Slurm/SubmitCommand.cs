using System.CommandLine;
using System.Text.Json;
using Interactive.Kernel.Hosting.Commands.Boxes;
using Interactive.Kernel.Hosting.Slurm;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Commands.Slurm;

/// <summary><c>interactive slurm submit FILE.csx [--nodes N] … [-- ARGS]</c></summary>
internal static class SubmitCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "a C# script (.csx)" };
        var arguments = new Argument<string[]>("ARGS")
        {
            Description = "the script's arguments, after --",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var ranks = new Option<int>("--ranks-per-node") { Description = "ranks on each", DefaultValueFactory = _ => 1 };
        var requeue = new Option<bool>("--requeue")
        {
            Description = "a job that is cut goes back into the queue until its run is finished",
        };
        var name = new Option<string?>("--job-name") { Description = "default: the script's" };
        var root = new Option<string>("--out")
        {
            Description = "folder of run directories and the job's log",
            DefaultValueFactory = _ => "runs",
        };
        var dry = new Option<bool>("--dry-run") { Description = "print the script and submit nothing" };
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        var command = new Command("submit", "Submits a training script; it is saved before its time is up, and goes on where it was.") { file, arguments };
        var options = new JobOptions();
        options.AddTo(command);
        foreach (var option in new Option[] { ranks, requeue, name, root, dry, json }) command.Add(option);
        var boxes = new BoxOptions("--box");
        boxes.AddTo(command);
        command.SetAction(parsed =>
        {
            var script = ScriptFile.Open(parsed.GetValue(file)!);
            if (parsed.GetValue(ranks) < 1)
                throw new UsageException($"--ranks-per-node {parsed.GetValue(ranks)}: at least 1 is needed");
            _ = boxes.Read(parsed);
            if (parsed.GetValue(boxes.Image) is not null && parsed.GetValue(options.Nodes) > 1)
                throw new UsageException($"--nodes {parsed.GetValue(options.Nodes)} with --box: a box spans one host");
            var batch = options.Read(parsed, parsed.GetValue(file)!, parsed.GetValue(arguments) ?? [], parsed.GetValue(ranks),
                parsed.GetValue(requeue), parsed.GetValue(name), parsed.GetValue(root)!, boxes.Words(parsed));
            if (parsed.GetValue(dry))
            {
                Console.Write(SubmittedJob.Text(batch));
                return 0;
            }
            var id = SubmittedJob.Submit(batch).Id;
            Console.WriteLine(parsed.GetValue(json)
                ? JsonSerializer.Serialize(new { job = id }, JsonSerializerOptions.Web)
                : $"job {id}: interactive slurm status {id}, interactive slurm logs {id} --follow");
            return 0;
        });
        return command;
    }
}
