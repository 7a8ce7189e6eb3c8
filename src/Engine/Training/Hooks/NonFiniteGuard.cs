using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>
/// Ends the run when the loss or the gradient is not a number: training on would only hide where it went wrong.
/// </summary>
internal sealed class NonFiniteGuard : Hook
{
    public override int Order => 0;

    public override void AfterStep(Trainer trainer, TrainRecord record)
    {
        var (what, value) = double.IsFinite(record.Loss) ? ("gradient's norm", record.GradientNorm ?? 0)
            : ("loss", record.Loss);
        if (double.IsFinite(value)) return;
        const string Helps = "lower --learning-rate, raise --warm-up or set --clip-norm";
        var why = FormattableString.Invariant($" (learning rate {record.LearningRate:G4}): ")
            + (trainer.NotFiniteInput() is { } input ? $"{input} is not finite; if it may be so, {Helps}" : Helps);
        throw new DivergedException(FormattableString.Invariant($"the {what} is {value} at step {record.Step}") + why);
    }
}
