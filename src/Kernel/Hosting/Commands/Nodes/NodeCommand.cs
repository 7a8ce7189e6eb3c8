using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Interactive.Kernel.Hosting.Nodes;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting.Commands.Nodes;

/// <summary><c>interactive node check</c></summary>
internal static class NodeCommand
{
    public static Command Create() => new("node", "Looks after the machine that trains.") { Check() };

    private static Command Check()
    {
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        var root = new Option<string>("--root")
        {
            Description = "a folder that holds proc and sys of another machine",
            DefaultValueFactory = _ => "/",
        };
        var drain = new Option<bool>("--drain")
        {
            Description = "tell Slurm: drain an unfit node, give back one of its own that is fit again",
        };
        var nhc = new Option<bool>("--nhc") { Description = "print failures as LBNL's Node Health Check does" };
        var active = new Option<bool>("--active")
        {
            Description = "also measure a matrix product, memory and an all-reduce; for an idle node",
        };
        var quick = new Option<bool>("--quick")
        {
            Description = "give each check 4 seconds instead of 20: what has not answered by then is a finding",
        };
        var cores = new Option<int?>("--cores") { Description = "how many the node should have" };
        var memory = new Option<string?>("--memory") { Description = "how much it should have, such as 64GiB" };
        var gpus = new Option<int?>("--gpus") { Description = "how many it should have" };
        var command = new Command("check", "Whether this node is fit to train: exit code 0; 1, someone should look; 2, it is not.") { json, root, drain, nhc, active, quick, cores, memory, gpus };
        command.SetAction(parsed =>
        {
            var tree = parsed.GetValue(root)!;
            if (!Directory.Exists(Path.Combine(tree, "proc"))) throw new UsageException($"--root {tree}: there is no proc in it");
            if (tree != "/" && (parsed.GetValue(drain) || parsed.GetValue(active)))
                throw new UsageException("--drain and --active are for this machine: they go without --root");
            if (parsed.GetValue(cores) is < 1) throw new UsageException($"--cores {parsed.GetValue(cores)}: a node has at least 1");
            if (parsed.GetValue(gpus) is < 0) throw new UsageException($"--gpus {parsed.GetValue(gpus)}: a node has 0 or more");
            // Jobs come first; what is measured, though, is measured as a job is.
            if (tree == "/" && !parsed.GetValue(active)) Process.GetCurrentProcess().PriorityClass = ProcessPriorityClass.BelowNormal;
            var history = NodeHistory.Open(tree == "/" ? NodeHistory.OfThis : null);
            var findings = NodeExamination.Of(new(tree, history)
            {
                Patience = parsed.GetValue(quick) ? NodeExamination.Quick : NodeExamination.Thorough,
                Expected = (parsed.GetValue(cores),
                    parsed.GetValue(memory) is { } size ? ByteSize.ParseMemory(memory.Name, size) : null, parsed.GetValue(gpus)),
            }, parsed.GetValue(active));
            history.Save();
            var fitness = findings.Count == 0 ? Fitness.Fit : findings[0].Fitness;
            if (!parsed.GetValue(json)) Print(fitness, findings, parsed.GetValue(nhc));
            // Afterwards: where Slurm cannot be told, the findings have been.
            var done = parsed.GetValue(drain) ? NodeDrain.Apply(findings) : null;
            if (parsed.GetValue(json)) Console.WriteLine(ToJson(fitness, findings, done));
            else if (done is not null) Console.WriteLine($"{Finding.Prefix}{done}");
            return (int)fitness;
        });
        return command;
    }

    private static void Print(Fitness fitness, IReadOnlyList<Finding> findings, bool asNhc)
    {
        foreach (var finding in findings)
            if (!asNhc) Console.WriteLine(finding);
            else if (finding.Fitness == Fitness.Unfit) Console.WriteLine($"ERROR:  nhc:  Health check failed:  {finding}");
        if (fitness == Fitness.Fit && !asNhc) Console.WriteLine($"fit ({NodeExamination.Checks.Count} checks)");
    }

    private static string ToJson(Fitness fitness, IReadOnlyList<Finding> findings, string? done)
        => JsonSerializer.Serialize(new
        {
            fitness = fitness.ToString().ToLowerInvariant(),
            findings = findings.Select(f => new { check = f.Check, fitness = f.Fitness.ToString().ToLowerInvariant(), text = f.Text }),
            slurm = done,
        }, JsonSerializerOptions.Web);
}
