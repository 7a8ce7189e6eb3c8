namespace Interactive.Kernel.Hosting.Bench;

/// <summary>What is said of seconds measured again and again.</summary>
internal static class Durations
{
    /// <summary>The middle one, the later of two.</summary>
    public static double Median(IReadOnlyCollection<double> seconds) => seconds.Order().ElementAt(seconds.Count / 2);
}
