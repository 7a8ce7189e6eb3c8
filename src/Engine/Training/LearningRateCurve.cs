namespace Interactive.Training;

/// <summary>What a range test has measured: the loss at learning rates that rise from step to step.</summary>
/// <param name="Rates">The rates, ascending; as many as steps were made before the loss exploded.</param>
/// <param name="Losses">The loss of each step, smoothed.</param>
public sealed record LearningRateCurve(IReadOnlyList<double> Rates, IReadOnlyList<double> Losses)
{
    /// <summary>
    /// The rate at which the loss falls fastest, the first tenth left out, where it only wavers: a good peak for a
    /// schedule. Not a number where it never falls.
    /// </summary>
    public double Suggestion
    {
        get
        {
            var (best, at) = (0.0, -1);
            for (var i = 1 + Losses.Count / 10; i + 1 < Losses.Count; i++)
            {
                var slope = (Losses[i + 1] - Losses[i - 1]) / (Math.Log(Rates[i + 1]) - Math.Log(Rates[i - 1]));
                if (slope < best) (best, at) = (slope, i);
            }
            return at < 0 ? double.NaN : Rates[at];
        }
    }
}
