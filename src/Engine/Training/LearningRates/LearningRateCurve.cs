namespace Interactive.Training;

/// <summary>What a range test has measured: the loss at learning rates that rise from step to step.</summary>
/// <param name="Rates">The rates, ascending; as many as steps were made before the loss exploded.</param>
/// <param name="Losses">The loss of each step, smoothed.</param>
public sealed record LearningRateCurve(IReadOnlyList<double> Rates, IReadOnlyList<double> Losses)
{
    /// <summary>
    /// A tenth of the rate of the least loss: a good peak for a schedule, for at the least loss the training is about to
    /// explode. Not a number where the loss never falls.
    /// </summary>
    public double Suggestion
    {
        get
        {
            var least = Losses.Index().DefaultIfEmpty().MinBy(step => step.Item).Index;
            return least == 0 ? double.NaN : Rates[least] / 10;
        }
    }
}
