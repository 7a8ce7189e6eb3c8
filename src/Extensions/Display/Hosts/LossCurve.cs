using Interactive.Extensions.Plots;
using Interactive.Monitoring;

namespace Interactive.Extensions.Display;

/// <summary>
/// A loss curve that grows with the run but never beyond some hundred points: when it is full, neighbours become their
/// mean.
/// </summary>
internal sealed class LossCurve
{
    private const int MostPoints = 600;

    private readonly List<(double Step, double Loss)> points = [], evaluations = [];
    private int stride = 1, waiting;
    private double step, loss;

    /// <summary>Of the last evaluation; none before the first.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; private set; } = new Dictionary<string, double>();

    public int Count => points.Count;

    public void Add(TrainRecord record)
    {
        (step, loss) = (step + record.Step, loss + record.Loss);
        if (++waiting < stride) return;
        points.Add((step / stride, loss / stride));
        (step, loss, waiting) = (0, 0, 0);
        if (points.Count < MostPoints) return;
        for (var i = 0; i < MostPoints / 2; i++)
            points[i] = ((points[2 * i].Step + points[2 * i + 1].Step) / 2,
                (points[2 * i].Loss + points[2 * i + 1].Loss) / 2);
        points.RemoveRange(MostPoints / 2, points.Count - MostPoints / 2);
        stride *= 2;
    }

    public void Add(EvalRecord record)
    {
        Metrics = record.Metrics;
        evaluations.Add((record.Step, record.Loss));
    }

    /// <param name="objective">What the loss is.</param>
    public Figure Figure(string objective)
        => Plots.Figure.Lines("Loss", "step",
        objective == "cross_entropy" ? "cross-entropy" : objective.Replace('_', ' '),
        Plots.Figure.Line(stride == 1 ? "each step" : $"mean of {stride} steps", points.Select(p => p.Step),
            points.Select(p => p.Loss), "#3b82f6"),
        Plots.Figure.Line("evaluation", evaluations.Select(e => e.Step), evaluations.Select(e => e.Loss), "#f59e0b",
            markers: true));
}
