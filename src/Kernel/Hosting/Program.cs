using System.CommandLine;
using Interactive.Kernel.Hosting;
using Interactive.Kernel.Hosting.Commands;

// One line a command, in the order in which --help lists them.
(string Name, Func<Command> Create)[] commands =
[
    ("run", RunCommand.Create),
    ("launch", LaunchCommand.Create),
    ("eval", EvalCommand.Create),
    ("kernel", KernelCommand.Create),
    ("report", ReportCommand.Create),
    ("convert", ConvertCommand.Create),
    ("rank-cells", RankCellsCommand.Create),
    ("models", ModelsCommand.Create),
    ("plan", PlanCommand.Create),
    ("bench", BenchCommand.Create),
    ("doctor", DoctorCommand.Create),
];
// A cached script starts in little more time than the parser takes: one that is given alone goes past it.
if (args is ["run", var script] && ScriptHost.IsPlain(script)) return ScriptHost.RunPlain(script);
var root = new RootCommand("Trains deep networks from C# scripts, notebooks and clusters.");
// The others are made only for whom they help: a script starts sooner without.
var asked = Array.Find(commands, c => c.Name == args.FirstOrDefault());
foreach (var command in asked.Create is null ? commands : [asked]) root.Add(command.Create());
return CommandLine.Invoke(root, args);
