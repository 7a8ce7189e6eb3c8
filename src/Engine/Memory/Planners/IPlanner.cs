namespace Interactive.Memory;

/// <summary>Chooses what stays in memory. A pure function of graph, profile and budget.</summary>
public interface IPlanner
{
    /// <summary>The name on the command line.</summary>
    string Name { get; }

    /// <summary>A plan whose predicted peak is within the budget, or null where this planner finds none.</summary>
    Plan? Make(PlanningGraph graph, long budget);
}
