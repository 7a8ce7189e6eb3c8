namespace Interactive.Training;

/// <summary>
/// Trains a few layers at first and more with every epoch, the last ones first (Howard and Ruder 2018): in the first
/// epoch only those of the first pattern, in the second those of the second too, until the last pattern is reached. A
/// plan for a memory budget is made anew each time.
/// </summary>
public sealed class GradualUnfreezing : Hook
{
    private readonly IReadOnlyList<string> stages;
    private readonly int epochsEach;

    /// <summary>Stages of one epoch each.</summary>
    /// <param name="stages">A pattern of names each, such as <c>"fc.*", "layer4.*", "*"</c>.</param>
    public GradualUnfreezing(params IReadOnlyList<string> stages) : this(1, stages) { }

    /// <summary>Stages of several epochs.</summary>
    /// <param name="epochsEach">Epochs of a stage.</param>
    /// <param name="stages">A pattern of names each.</param>
    /// <exception cref="UsageException">No stage, or none of an epoch.</exception>
    public GradualUnfreezing(int epochsEach, params IReadOnlyList<string> stages)
    {
        if (stages.Count == 0 || epochsEach < 1) throw new UsageException($"gradual unfreezing takes at least one pattern and one epoch for each, got {stages.Count} of {epochsEach} epochs");
        (this.stages, this.epochsEach) = (stages, epochsEach);
    }

    /// <inheritdoc/>
    public override void BeforeEpoch(Trainer trainer, int epoch)
        => trainer.Graph.TrainOnly([.. stages.Take(epoch / epochsEach + 1)]);
}
