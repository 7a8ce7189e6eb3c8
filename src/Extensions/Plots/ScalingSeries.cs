namespace Interactive.Extensions.Plots;

/// <summary>One curve of a scaling figure.</summary>
/// <param name="Name">For the legend, such as "resnet50, simulated, 25 Gb/s".</param>
/// <param name="OneRankSeconds">Step time of one rank with the same batch per rank.</param>
/// <param name="Points">Step time by number of ranks.</param>
/// <param name="IsSimulated">Predicted rather than measured: drawn as a thin line.</param>
public sealed record ScalingSeries(string Name, double OneRankSeconds,
    IReadOnlyList<(int Ranks, double StepSeconds)> Points, bool IsSimulated);
