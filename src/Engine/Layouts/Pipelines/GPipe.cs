namespace Interactive.Layouts;

/// <summary>
/// All forwards, then all backwards (Huang et al. 2019): simple, and every micro-batch is in flight at once.
/// </summary>
public sealed class GPipe : IPipelineOrder
{
    /// <inheritdoc/>
    public string Name => "gpipe";

    /// <inheritdoc/>
    public IReadOnlyList<PipelineAction> Actions(int rank, int ranks, int micros)
    {
        var list = new ActionList(micros);
        list.AddRest(PassKind.F);
        list.AddRest(PassKind.BW);
        return list.Actions;
    }
}
