using System.CommandLine;
using System.CommandLine.Help;
using Interactive.Kernel.Directives;
using Interactive.Kernel.Hosting.Commands;
using Interactive.Kernel.Hosting.Commands.Boxes;
using Interactive.Kernel.Hosting.Commands.Kubernetes;
using Interactive.Kernel.Hosting.Commands.Nodes;
using Interactive.Kernel.Hosting.Commands.Queues;
using Interactive.Kernel.Hosting.Commands.Runs;
using Interactive.Kernel.Hosting.Commands.Slurm;
using Interactive.Kernel.Jupyter;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting;

/// <summary>The command line of <c>interactive</c>.</summary>
public static class InteractiveTool
{
    // In the order in which --help lists them.
    private static readonly (string Name, Func<Command> Create)[] commands =
    [
        ("run", RunCommand.Create),
        ("launch", LaunchCommand.Create),
        ("slurm", SlurmCommand.Create),
        ("batch", BatchCommand.Create),
        ("k8s", KubernetesCommand.Create),
        ("node", NodeCommand.Create),
        ("box", BoxCommand.Create),
        ("cluster", ClusterCommand.Create),
        ("eval", EvalCommand.Create),
        ("kernel", KernelCommand.Create),
        ("report", ReportCommand.Create),
        ("runs", RunsCommand.Create),
        ("dashboard", DashboardCommand.Create),
        ("sweep", SweepCommand.Create),
        ("convert", ConvertCommand.Create),
        ("import", ImportCommand.Create),
        ("export", ExportCommand.Create),
        ("predict", PredictCommand.Create),
        ("rank-cells", RankCellsCommand.Create),
        ("models", ModelsCommand.Create),
        ("data", DataCommand.Create),
        ("cache", CacheCommand.Create),
        ("plan", PlanCommand.Create),
        ("bench", BenchCommand.Create),
        ("doctor", DoctorCommand.Create),
        ("fuzz", FuzzCommand.Create),
    ];

    /// <summary>Runs a command.</summary>
    /// <param name="args">The command line, without the program's name.</param>
    /// <param name="own">Commands of one's own beside those of the tool; one of the same name takes the place of the
    /// tool's.</param>
    /// <returns>The command's exit code; 2 for bad input.</returns>
    public static int Run(string[] args, params IReadOnlyList<Command> own)
    {
        if (args is ["kernel", ..]) Interrupts.Hear();
        // Asked here: later it would be an exception from inside TorchSharp.
        if (Environment.GetEnvironmentVariable(TorchLoader.Variable) is { Length: > 0 } folder
            && !File.Exists(Path.Combine(folder, TorchLoader.Libtorch)))
        {
            Console.Error.WriteLine($"interactive: {TorchLoader.Variable}={folder}: there is no {TorchLoader.Libtorch} in it; give the torch/lib folder of a PyTorch installation");
            return CommandLine.Usage;
        }
        Cultures.Choose();
        JobProcesses.EndWithStarter();
        // A cached script starts in little more time than the parser takes to load: one that is given alone goes past
        // it.
        return args is ["run", var script] && ScriptHost.IsPlain(script) ? ScriptHost.RunPlain(script)
            : Parse(args, own);
    }

    private static int Parse(string[] args, IReadOnlyList<Command> own)
    {
        var (root, line) = Prepare(args, own);
        return CommandLine.Invoke(root, line);
    }

    /// <summary>
    /// The command that a line asks for, or all of them where it names none, and the line with a script's part marked.
    /// </summary>
    public static (Command Root, string[] Line) Prepare(string[] args, params IReadOnlyList<Command> own)
    {
        // A RootCommand takes its name from the program's file, which is another one in the packed tool.
        var root = new Command("interactive", "Trains deep networks from C# scripts, notebooks and clusters.") { new HelpOption(), new VersionOption() };
        // The others are made only for whom they help: a script starts sooner without.
        (string Name,
            Func<Command> Create)[] all = [.. own.Select(command => (command.Name, (Func<Command>)(() => command))),
            .. commands.Where(c => own.All(o => o.Name != c.Name))];
        var asked = Array.Find(all, c => c.Name == args.FirstOrDefault());
        foreach (var command in asked.Create is null ? all : [asked]) root.Add(command.Create());
        if (asked.Create is not null && root.Subcommands is [var one] && one.Arguments.Any(a => a.Name == "ARGS"))
            args = ScriptArguments.Mark(args, one, 1);
        return (root, args);
    }
}
