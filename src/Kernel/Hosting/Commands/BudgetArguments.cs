using System.CommandLine;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>The options by which commands name a plan: budget, planner, profile.</summary>
internal sealed class BudgetArguments
{
    private readonly Option<string?> budget = new("--budget") { Description = "a share of plain's peak (50%) or a size (600MiB)" };
    private readonly Option<string> planner = new("--planner") { Description = "keep-all, cheap-drop, segments, optimal, search or auto", DefaultValueFactory = _ => "auto" };
    private readonly Option<string> profile = new("--profile") { Description = "measured, or analytic: from shapes alone", DefaultValueFactory = _ => "measured" };

    public BudgetArguments(Command command)
    {
        command.Add(budget);
        command.Add(planner);
        command.Add(profile);
    }

    public MemoryBudget? Budget(ParseResult parsed) => parsed.GetValue(budget) is { } text ? MemoryBudget.Parse(text) : null;

    public IPlanner Planner(ParseResult parsed) => PlannerList.Find(parsed.GetValue(planner)!);

    public bool IsAnalytic(ParseResult parsed) => parsed.GetValue(profile) switch
    {
        "analytic" => true,
        "measured" => false,
        var other => throw new UsageException($"unknown profile '{other}': choose measured or analytic"),
    };

    public PlanningGraph Profile(ParseResult parsed, Graph graph, int batch)
    {
        var fused = Fusion.Fuse(graph);
        return new PlanningGraph(fused, IsAnalytic(parsed) ? AnalyticProfile.Of(fused, batch) : ProfileCache.Get(graph, batch));
    }
}
