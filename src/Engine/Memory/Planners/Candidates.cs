namespace Interactive.Memory.Planners;

/// <summary>Picks the fastest of several fixed plans by simulation.</summary>
internal static class Candidates
{
    /// <summary>The fastest that fits, or null.</summary>
    public static Plan? Within(PlanningGraph graph, long budget, string name, IEnumerable<Retention> candidates)
    {
        var (builder, simulator) = (new ScheduleBuilder(graph), new ScheduleSimulator(graph));
        Plan? best = null;
        foreach (var candidate in candidates)
        {
            var schedule = builder.Build(candidate, name, budget);
            var prediction = simulator.Run(schedule);
            if (prediction.PeakBytes <= budget && (best is null || prediction.Seconds < best.Prediction.Seconds))
                best = new Plan(schedule, prediction);
        }
        return best;
    }
}
