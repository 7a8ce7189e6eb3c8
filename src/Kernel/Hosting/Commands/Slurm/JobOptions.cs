using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using Interactive.Kernel.Hosting.Slurm;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Commands.Slurm;

/// <summary>What is asked of Slurm by every command that submits.</summary>
internal sealed partial class JobOptions
{
    public readonly Option<int> Nodes = new("--nodes") { Description = "hosts", DefaultValueFactory = _ => 1 };

    private readonly Option<string> time = new("--time")
    {
        Description = "time limit: minutes, or [days-]hours:minutes:seconds",
        DefaultValueFactory = _ => "1:00:00",
    };
    private readonly Option<int> lead = new("--lead")
    {
        Description = "seconds before the limit at which the run saves",
        DefaultValueFactory = _ => 120,
    };
    private readonly Option<string?> partition = new("--partition") { Description = "of the cluster (default: its own)" };
    private readonly Option<string[]> extra = new("--option")
    {
        Description = "another option of sbatch, such as --option=--exclude=n1",
    };
    private readonly Option<string?> mpi = new ScriptOptions().Mpi;

    private IReadOnlyList<Option> All => [Nodes, time, lead, partition, extra, mpi];

    public void AddTo(Command command)
    {
        foreach (var option in All) command.Add(option);
    }

    /// <summary>The first of them that was given; null for none.</summary>
    public string? Given(ParseResult parsed) => All.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false })?.Name;

    /// <summary>A batch script.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="script">The training script's path.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="ranksPerNode">Ranks on each host.</param>
    /// <param name="requeue">Whether a job that is cut goes back into the queue.</param>
    /// <param name="name">Of the job; null for the script's.</param>
    /// <param name="root">Folder of run directories.</param>
    /// <param name="box">Words of the box that the ranks run in.</param>
    /// <exception cref="UsageException">An option has no such value.</exception>
    public BatchScript Read(ParseResult parsed, string script, IReadOnlyList<string> arguments, int ranksPerNode,
        bool requeue, string? name, string root, IReadOnlyList<string> box)
    {
        foreach (var option in new[] { Nodes, lead })
            if (parsed.GetValue(option) < 1)
                throw new UsageException($"{option.Name} {parsed.GetValue(option).ToString(CultureInfo.InvariantCulture)}: at least 1 is needed");
        if (!Limit().IsMatch(parsed.GetValue(time)!))
            throw new UsageException($"--time {parsed.GetValue(time)}: write minutes (90), 1:30:00 or 1-12:00:00");
        return new(script, arguments, parsed.GetValue(Nodes), ranksPerNode, parsed.GetValue(time)!, parsed.GetValue(lead), requeue,
            parsed.GetValue(partition), name ?? Path.GetFileNameWithoutExtension(script), root, parsed.GetValue(extra) ?? [],
            [.. box, .. parsed.GetValue(mpi) is { } flavor ? ["--mpi", flavor] : (string[])[]]);
    }

    [GeneratedRegex(@"^(\d+-)?\d+(:\d{1,2}){0,2}$")]
    private static partial Regex Limit();
}
