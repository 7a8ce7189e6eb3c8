using System.CommandLine;
using Interactive.Kernel.Hosting.Commands;

namespace Interactive.Kernel.Hosting;

/// <summary>The command line of <c>interactive</c>.</summary>
internal static class InteractiveTool
{
    // In the order in which --help lists them.
    private static readonly (string Name, Func<Command> Create)[] commands =
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
        ("fuzz", FuzzCommand.Create),
    ];

    /// <returns>The command's exit code; 2 for bad input.</returns>
    public static int Run(string[] args)
    {
        var (root, line) = Prepare(args);
        return CommandLine.Invoke(root, line);
    }

    /// <summary>The command that a line asks for, or all of them where it names none, and the line with a script's part marked.</summary>
    public static (RootCommand Root, string[] Line) Prepare(string[] args)
    {
        var root = new RootCommand("Trains deep networks from C# scripts, notebooks and clusters.");
        // The others are made only for whom they help: a script starts sooner without.
        var asked = Array.Find(commands, c => c.Name == args.FirstOrDefault());
        foreach (var command in asked.Create is null ? commands : [asked]) root.Add(command.Create());
        if (asked.Create is not null && root.Subcommands is [var one] && one.Arguments.Any(a => a.Name == "ARGS")) args = ScriptArguments.Mark(args, one, 1);
        return (root, args);
    }
}
