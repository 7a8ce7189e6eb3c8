using System.CommandLine;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>The options by which commands name a plan: budget, planner, profile.</summary>
internal sealed class BudgetArguments
{
    private readonly Option<string?> budget = new("--budget")
    {
        Description = "a share of plain's peak (50%) or a size (600MiB)",
    };
    private readonly Option<string?> memory = new("--memory")
    {
        Description = "instead of a budget, bytes for everything that a process holds: 4GiB, or auto",
    };
    private readonly Option<string> planner = new("--planner")
    {
        Description = "keep-all, cheap-drop, segments, optimal, search or auto",
        DefaultValueFactory = _ => "auto",
    };
    private readonly Option<string> profile = new("--profile")
    {
        Description = "measured, or analytic: from shapes alone",
        DefaultValueFactory = _ => "measured",
    };

    public BudgetArguments(Command command)
    {
        command.Add(budget);
        command.Add(memory);
        command.Add(planner);
        command.Add(profile);
    }

    /// <summary>The budget, or what a memory leaves for activations; null where neither is given.</summary>
    public MemoryBudget? Budget(ParseResult parsed, Graph graph, int batch)
        => (parsed.GetValue(budget), parsed.GetValue(memory)) switch
        {
            (null, null) => default(MemoryBudget?),
            (not null, not null)
                => throw new UsageException("choose --budget, for activations, or --memory, for everything"),
            ({ } text, _) => MemoryBudget.Parse(text),
            (_, { } text) => new(null, MemoryLimit.Parse(text).ForActivations(graph, batch)),
        };

    /// <summary>What was given for everything that a process holds, where the model is divided among ranks.</summary>
    public string? Memory(ParseResult parsed)
        => parsed.GetValue(budget) is null ? parsed.GetValue(memory)
        : throw new UsageException("--ranks takes --memory, for everything that a rank holds, not --budget");

    /// <summary>Refuses what is not a budget or a memory, before a model is made.</summary>
    public void Check(ParseResult parsed)
    {
        if (parsed.GetValue(budget) is { } share) MemoryBudget.Parse(share);
        if (parsed.GetValue(memory) is { } size) MemoryLimit.Parse(size);
    }

    public IPlanner Planner(ParseResult parsed, IReadOnlyList<IPlanner>? among = null)
        => PlannerList.Find(parsed.GetValue(planner)!, among ?? PlannerList.All());

    public bool IsAnalytic(ParseResult parsed) => parsed.GetValue(profile) switch
    {
        "analytic" => true,
        "measured" => false,
        var other => throw new UsageException($"unknown profile '{other}': choose measured or analytic"),
    };

    /// <summary>
    /// The model, of shapes alone where an analytic profile is asked for or measuring one would not fit the memory
    /// there is; a line says so.
    /// </summary>
    public Graph Create(ParseResult parsed, ModelArguments model)
    {
        var shapes = model.Create(parsed, shapesOnly: true); // a script's net is whole at once
        if (IsAnalytic(parsed) || !Measures(shapes, model.Batch(parsed)) || !HasShapesAlone(shapes)) return shapes;
        shapes.Dispose();
        return model.Create(parsed);
    }

    private static bool Measures(Graph graph, int batch)
    {
        if (Profiler.Fits(graph, batch)) return true;
        Console.Error.WriteLine($"{graph.Name} with {batch} samples is planned from shapes alone: measuring it does not fit the {new MemoryLimit(MachineMemory.AvailableBytes)} there are");
        return false;
    }

    private static bool HasShapesAlone(Graph graph)
        => graph.parameters().Any(p => p.device_type == TorchSharp.DeviceType.META);

    /// <summary>Refuses to run plain steps of a model that the memory does not hold.</summary>
    /// <param name="graph">Its shapes.</param>
    /// <param name="batch">Samples in a batch.</param>
    /// <param name="processes">That run it, each the whole batch.</param>
    public static void RequireRoom(Graph graph, int batch, int processes = 1)
    {
        var fused = Fusion.Fuse(graph);
        var needed = FixedBytes.Of(graph, batch)
            + 2
            * new KeepAllPlanner().Make(new PlanningGraph(fused, AnalyticProfile.Of(fused, batch)),
            long.MaxValue)!.Prediction.PeakBytes;
        if (needed + MachineMemory.ResidentBytes > MachineMemory.ShareOf(processes))
            throw new UsageException($"plain steps of {graph.Name} with {batch} samples may take {new MemoryLimit(needed)}, and there are {new MemoryLimit(MachineMemory.ShareOf(processes))}{(processes > 1 ? $" for each of {processes} ranks" : "")}: give fewer samples or a smaller --image, or plan it with 'interactive plan'");
    }

    /// <summary>Graph and profile; analytic for a graph without parameters.</summary>
    public PlanningGraph Profile(ParseResult parsed, Graph graph, int batch)
    {
        var fused = Fusion.Fuse(graph);
        return new PlanningGraph(fused, IsAnalytic(parsed) ? AnalyticProfile.Of(fused, batch)
            : HasShapesAlone(graph) || !Profiler.Fits(graph, batch) ? AnalyticProfile.Cautious(fused, batch)
            : ProfileCache.Get(graph, batch));
    }
}
