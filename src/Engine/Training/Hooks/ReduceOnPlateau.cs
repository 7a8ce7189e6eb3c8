using Interactive.Monitoring;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>Lowers the learning rate when a metric has not become better for some evaluations, whatever the schedule says besides.</summary>
/// <param name="metric">The metric, or <c>loss</c>.</param>
/// <param name="factor">What the rate is multiplied by; default 0.1.</param>
/// <param name="patience">Evaluations without a better value that are borne; one more lowers the rate; default 10.</param>
/// <param name="leastChange">What counts as better; default more than 0.</param>
/// <param name="leastScale">The share of the schedule's rate below which it never goes; default 0.</param>
public sealed class ReduceOnPlateau(string metric = "loss", double factor = 0.1, int patience = 10, double leastChange = 0, double leastScale = 0) : Hook
{
    private readonly MetricWatch watch = new(metric, leastChange);
    private double scale = 1;

    /// <inheritdoc/>
    public override void BeforeRun(Trainer trainer) => trainer.LearningRateScale = scale;

    /// <inheritdoc/>
    public override void AfterEvaluation(Trainer trainer, EvalRecord record)
    {
        watch.Add(trainer, record);
        if (watch.Waited <= patience) return;
        watch.StartAnew();
        trainer.LearningRateScale = scale = Math.Max(scale * factor, leastScale);
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Tensor> State => new Dictionary<string, Tensor> { ["watch"] = tensor(watch.State), ["scale"] = tensor(scale) };

    /// <inheritdoc/>
    public override void Restore(IReadOnlyDictionary<string, Tensor> state)
        => (watch.State, scale) = (state["watch"].data<double>().ToArray(), state["scale"].item<double>());
}
