using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>Ends a run when a metric has not become better for some evaluations (Prechelt 1998).</summary>
/// <param name="metric">The metric, or <c>loss</c>.</param>
/// <param name="patience">Evaluations without a better value after which the run ends; default 5.</param>
/// <param name="leastChange">What counts as better; default more than 0.</param>
public sealed class EarlyStopping(string metric = "loss", int patience = 5, double leastChange = 0) : Hook, IRunState
{
    private readonly MetricWatch watch = new(metric, leastChange);

    /// <inheritdoc/>
    public override void AfterEvaluation(Trainer trainer, EvalRecord record)
    {
        watch.Add(trainer, record);
        if (watch.Waited >= patience) trainer.Stop(FormattableString.Invariant($"{metric} has not been better than {watch.Best:G6} for {patience} evaluations"));
    }

    string IRunState.Name => $"early_stopping_{metric}";
    IReadOnlyDictionary<string, string> IRunState.Save() => watch.Save();
    void IRunState.Restore(IReadOnlyDictionary<string, string> saved) => watch.Restore(saved);
}
