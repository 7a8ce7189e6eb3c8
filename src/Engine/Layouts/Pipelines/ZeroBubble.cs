namespace Interactive.Layouts;

/// <summary>
/// Backward in two parts (Qi et al. 2024): the gradients of parameters, for which nobody waits, fill the time in which
/// a rank would wait for its neighbours. H1 has 1f1b's most micro-batches in flight; H2 starts nearly twice as many,
/// and waits less.
/// </summary>
/// <param name="eager">H2.</param>
public sealed class ZeroBubble(bool eager = false) : IPipelineOrder
{
    /// <inheritdoc/>
    public string Name => eager ? "zb-h2" : "zb-h1";

    /// <inheritdoc/>
    public bool IsSplit => true;

    /// <inheritdoc/>
    public IReadOnlyList<PipelineAction> Actions(int rank, int ranks, int micros)
    {
        var list = new ActionList(micros);
        list.Add(OneForwardOneBackward.Ahead(rank, ranks, eager), PassKind.F);
        for (var i = 0; i < micros; i++)
        {
            list.Add(PassKind.F);
            list.Add(PassKind.B);
            if (i >= (eager ? 2 * rank : rank)) list.Add(PassKind.W);
        }
        list.AddRest(PassKind.W);
        return list.Actions;
    }
}
