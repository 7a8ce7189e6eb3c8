namespace Interactive.Memory;

/// <summary>
/// Decides what a schedule leaves open for the least peak: the smallest ways to run backward first, then the fastest
/// ones within that peak.
/// </summary>
internal static class SmallestPlan
{
    /// <summary>The plan.</summary>
    /// <param name="simulator">Over the same graph.</param>
    /// <param name="steps">What is to be run.</param>
    /// <param name="into">Per step the input that is overwritten.</param>
    /// <param name="planner">The name that the plan carries.</param>
    public static Plan Of(ScheduleSimulator simulator, ReadOnlySpan<Step> steps, ReadOnlySpan<sbyte> into,
        string planner)
    {
        var peak = simulator.Run(steps, into, budget: 0, out _).PeakBytes;
        simulator.Run(steps, into, peak, out _);
        var schedule = simulator.Decided(planner, steps);
        return new Plan(schedule, simulator.Run(schedule));
    }
}
