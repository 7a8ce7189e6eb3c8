namespace Interactive.Extensions.Plots;

/// <summary>The curves of a run.</summary>
public static class TrainingFigures
{
    private const string Blue = "#3b82f6", Orange = "#f59e0b", Green = "#10b981", Faint = "rgba(59,130,246,0.45)";
    private static readonly string[] Palette = [Blue, Orange, Green, "#8b5cf6", "#ec4899", "#14b8a6", "#64748b",
        "#ef4444"];

    /// <summary>Training loss by step, as measured and smoothed, with the evaluations.</summary>
    public static Figure Loss(RunMetrics run) => Figure.Lines("Loss", "step", run.Objective,
        Figure.Line("each step", run.Train.Select(r => (double)r.Step), run.Train.Select(r => r.Loss), Faint, 1),
        Figure.Line("smoothed", run.Train.Select(r => (double)r.Step), Smooth(run.Train.Select(r => r.Loss), 0.95),
            Blue),
        Figure.Line("evaluation", run.Evaluations.Select(r => (double)r.Step), run.Evaluations.Select(r => r.Loss),
            Orange, markers: true));

    /// <summary>The smoothed training loss of several runs in one figure.</summary>
    public static Figure Compare(IReadOnlyList<RunMetrics> runs)
        => Figure.Lines("Loss", "step", "smoothed training loss",
        [.. runs.Select((run, i)
            => Figure.Line(run.Name, run.Train.Select(r => (double)r.Step), Smooth(run.Train.Select(r => r.Loss), 0.95),
            Palette[i % Palette.Length]))]);

    /// <summary>Each metric by evaluation: a figure each, in the order of their first appearance.</summary>
    public static IReadOnlyList<Figure> Metrics(RunMetrics run)
        => [.. run.MetricNames.Select(name => Metric(run, name))];

    /// <summary>One metric by evaluation.</summary>
    public static Figure Metric(RunMetrics run, string name)
    {
        var isAccuracy = name == "accuracy";
        var values = run.Evaluations.Where(r => r.Metrics.ContainsKey(name)).ToList();
        return Figure.Lines(Title(name), "step", isAccuracy ? "share of test samples, %" : name,
            Figure.Line(name, values.Select(r => (double)r.Step), values.Select(r => (isAccuracy ? 100 : 1) * r[name]),
                Orange, markers: true));
    }

    private static string Title(string name) => char.ToUpperInvariant(name[0]) + name[1..].Replace('_', ' ');

    /// <summary>Norm of the gradients by step, where it was measured.</summary>
    public static Figure GradientNorm(RunMetrics run)
    {
        var measured = run.Train.Where(r => r.GradientNorm is not null).ToList();
        return Figure.Lines("Gradient norm", "step", "norm",
            Figure.Line("gradient norm", measured.Select(r => (double)r.Step),
            measured.Select(r => r.GradientNorm!.Value), Blue, 1));
    }

    /// <summary>Samples per second.</summary>
    public static Figure Throughput(RunMetrics run) => Figure.Lines("Throughput", "step", "samples / s",
        Figure.Line("throughput", run.Train.Select(r => (double)r.Step), run.Train.Select(r => r.SamplesPerSecond),
            Green, 1));

    /// <summary>Tensor bytes on rank 0.</summary>
    public static Figure Memory(RunMetrics run) => Figure.Lines("Tensor memory, rank 0", "step", "MiB",
        Figure.Line("peak in the step", run.Train.Select(r => (double)r.Step),
            run.Train.Select(r => r.PeakBytes / 1048576.0), Blue),
        Figure.Line("after the step", run.Train.Select(r => (double)r.Step),
            run.Train.Select(r => r.LiveBytes / 1048576.0), Orange));

    /// <summary>Learning rate by step.</summary>
    public static Figure LearningRate(RunMetrics run) => Figure.Lines("Learning rate", "step", "learning rate",
        Figure.Line("learning rate", run.Train.Select(r => (double)r.Step), run.Train.Select(r => r.LearningRate),
            Green));

    // Exponential moving average without the bias of its start.
    private static IEnumerable<double> Smooth(IEnumerable<double> values, double keep)
    {
        double mean = 0, weight = 0;
        foreach (var value in values)
        {
            (mean, weight) = (keep * mean + (1 - keep) * value, keep * weight + (1 - keep));
            yield return mean / weight;
        }
    }
}
