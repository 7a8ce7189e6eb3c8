namespace Interactive.Memory;

/// <summary>A schedule with what it is said to cost.</summary>
/// <param name="Schedule">What the executor runs.</param>
/// <param name="Prediction">The simulator's word.</param>
public sealed record Plan(Schedule Schedule, Forecast Prediction)
{
    /// <summary>Seconds of second runs and slower ways to run backward, as a share of a step without.</summary>
    public double Overhead => Prediction.ExtraSeconds / (Prediction.Seconds - Prediction.ExtraSeconds);

    /// <summary>The same for people: a slower way may have measured faster.</summary>
    internal string TimeText => FormattableString.Invariant($"{Math.Abs(100 * Overhead):F1}% {(Overhead < 0 ? "less" : "more")} time");
}
