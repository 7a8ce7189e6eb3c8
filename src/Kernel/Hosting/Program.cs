using System.CommandLine;
using Interactive.Kernel.Hosting;
using Interactive.Kernel.Hosting.Commands;

// One line a command, in the order in which --help lists them.
var root = new RootCommand("Trains deep networks from C# scripts, notebooks and clusters.")
{
    RunCommand.Create(),
    LaunchCommand.Create(),
    EvalCommand.Create(),
    KernelCommand.Create(),
    ReportCommand.Create(),
    ConvertCommand.Create(),
    RankCellsCommand.Create(),
    ModelsCommand.Create(),
    PlanCommand.Create(),
    BenchCommand.Create(),
    DoctorCommand.Create(),
};
return CommandLine.Invoke(root, args);
