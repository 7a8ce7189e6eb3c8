namespace Interactive.Layouts;

/// <summary>Seconds that a step takes at least, without playing it through.</summary>
public static class StepBound
{
    /// <summary>
    /// Of 1f1b: every stage waits for the stages before it, runs all micro-batches, and the last of them goes back
    /// through the stages before it, of which its own work ahead hides a part.
    /// </summary>
    /// <param name="times">By stage.</param>
    /// <param name="micros">Micro-batches.</param>
    public static double OneForwardOneBackward(IReadOnlyList<StageTimes> times, int micros)
    {
        var most = 0.0;
        for (var s = 0; s < times.Count; s++)
        {
            var before = times.Take(s).Sum(t => t.Sum);
            var after = times.Skip(s + 1).Sum(t => t.Sum);
            var ahead = Math.Min(micros - 1, times.Count - s - 1);
            most = Math.Max(most, before + micros * times[s].Sum + Math.Max(0, after - ahead * times[s].F));
        }
        return most;
    }
}
