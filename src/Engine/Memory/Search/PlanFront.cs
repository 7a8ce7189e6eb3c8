namespace Interactive.Memory;

/// <summary>Keeps of several plans those that no other beats in both bytes and time.</summary>
internal static class PlanFront
{
    /// <summary>From the smallest peak to the largest.</summary>
    public static List<Plan> Fastest(this IEnumerable<Plan> plans)
    {
        var front = new List<Plan>();
        foreach (var plan in plans.OrderBy(p => p.Prediction.PeakBytes).ThenBy(p => p.Prediction.Seconds))
            if (front.Count == 0 || plan.Prediction.Seconds < front[^1].Prediction.Seconds) front.Add(plan);
        return front;
    }
}
