using Interactive.Data;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Finds a learning rate by a range test (Smith 2017): the rate rises exponentially from step to step until the loss
/// explodes. Model, optimiser and random numbers are afterwards as they were.
/// </summary>
public static class LearningRateFinder
{
    private const double Keep = 0.95, Exploded = 4; // of the smoothed loss; times the least

    /// <summary>Makes the test with a trainer that is not running. Collective.</summary>
    /// <param name="trainer">The trainer, with its data, objective and optimiser.</param>
    /// <param name="from">The first rate; default 1e-7.</param>
    /// <param name="to">The last rate; default 10.</param>
    /// <param name="steps">Steps between them, at most; default 100.</param>
    /// <exception cref="UsageException">The rates do not rise, or a sample cannot be read.</exception>
    public static LearningRateCurve Run(Trainer trainer, double from = 1e-7, double to = 10, int steps = 100)
    {
        if (!(from > 0 && to > from && double.IsFinite(to)) || steps < 3)
            throw new UsageException(FormattableString.Invariant($"a range test goes from a rate to a higher one in at least 3 steps, got {from} to {to} in {steps}"));
        using var scope = NewDisposeScope();
        var model = trainer.Graph.state_dict();
        var before = model.ToDictionary(e => e.Key, e => e.Value.clone());
        var optimizer = trainer.Optimizer;
        var (state, made, late) = (optimizer.State.ToDictionary(e => e.Key, e => e.Value.clone()), optimizer.Steps,
            optimizer.LateCounts);
        using var random = RandomState.Keep(Devices.Of(trainer.Graph));
        var curve = new List<(double Rate, double Loss)>();
        var (mean, least) = (0.0, double.PositiveInfinity);
        foreach (var (i, step) in trainer.TrialSteps().Take(steps).Index())
        {
            var rate = from * Math.Pow(to / from, i / (steps - 1.0));
            var loss = step(rate);
            mean = Keep * mean + (1 - Keep) * loss;
            var smooth = mean / (1 - Math.Pow(Keep, i + 1)); // without the bias of its start
            if (!double.IsFinite(smooth) || i > 0 && smooth > Exploded * least) break;
            least = Math.Min(least, smooth);
            curve.Add((rate, smooth));
        }
        using (no_grad())
            foreach (var (name, value) in model) value.copy_(before[name]);
        optimizer.Restore(state.Keys, key => state[key].clone(), made, late, Devices.Of(trainer.Graph));
        return new LearningRateCurve([.. curve.Select(c => c.Rate)], [.. curve.Select(c => c.Loss)]);
    }
}
