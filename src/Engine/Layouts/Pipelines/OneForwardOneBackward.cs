namespace Interactive.Layouts;

/// <summary>
/// After some forwards ahead, forward and backward in turn (Narayanan et al. 2019). The last rank has none ahead.
/// Eager: twice as many ahead, so that a slow link delays a step once and not every micro-batch, for twice the bytes.
/// </summary>
/// <param name="eager">Twice as many forwards ahead.</param>
public sealed class OneForwardOneBackward(bool eager = false) : IPipelineOrder
{
    /// <inheritdoc/>
    public string Name => eager ? "1f1b-eager" : "1f1b";

    /// <summary>Forwards before the first backward, but for the one right before it.</summary>
    internal static int Ahead(int rank, int ranks, bool eager) => eager ? 2 * (ranks - rank) - 2 : ranks - rank - 1;

    /// <inheritdoc/>
    public IReadOnlyList<PipelineAction> Actions(int rank, int ranks, int micros)
    {
        var list = new ActionList(micros);
        list.Add(Ahead(rank, ranks, eager), PassKind.F);
        while (list.HasMore(PassKind.BW))
        {
            list.Add(PassKind.F);
            list.Add(PassKind.BW);
        }
        return list.Actions;
    }
}
