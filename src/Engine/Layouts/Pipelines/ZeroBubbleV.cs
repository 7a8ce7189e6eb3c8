namespace Interactive.Layouts;

/// <summary>
/// Two stages a rank, laid as a V (Qi et al. 2024): the first rank has the first and the last one. With equal parts
/// nobody waits, in 1f1b's bytes.
/// </summary>
public sealed class ZeroBubbleV : IPipelineOrder
{
    private const int X = 0, Y = 1; // on the way down, and up

    /// <inheritdoc/>
    public string Name => "zb-v";

    /// <inheritdoc/>
    public int Chunks => 2;

    /// <inheritdoc/>
    public bool IsSplit => true;

    /// <inheritdoc/>
    public int Stage(int rank, int chunk, int ranks) => chunk == X ? rank : 2 * ranks - 1 - rank;

    /// <inheritdoc/>
    // on the way down a rank runs far ahead of the next one
    public int SendsAhead(int ranks) => Math.Max(1, 3 * ranks - 4);

    /// <inheritdoc/>
    public string? Misfit(int ranks, int micros)
        => micros >= 2 * ranks - 1 ? null
        : $"order=zb-v needs {2 * ranks - 1} micro-batches or more over {ranks} ranks, got {micros}";

    /// <inheritdoc/>
    public IReadOnlyList<PipelineAction> Actions(int rank, int ranks, int micros)
    {
        var list = new ActionList(micros);
        list.Add(2 * (ranks - rank) - 1, PassKind.F, X);
        for (var i = 0; i < rank; i++)
        {
            list.Add(PassKind.F, Y);
            list.Add(PassKind.F, X);
        }
        for (var i = rank; i < ranks; i++)
        {
            list.Add(PassKind.F, Y);
            Backward(Y);
        }
        while (list.HasMore(PassKind.F, Y))
        {
            list.Add(PassKind.F, X);
            Backward(X);
            list.Add(PassKind.F, Y);
            Backward(Y);
        }
        for (var i = 0; i < rank; i++)
        {
            list.Add(PassKind.B, X);
            list.Add(PassKind.B, Y);
        }
        while (list.HasMore(PassKind.B, X)) Backward(X);
        list.AddRest(PassKind.W, Y);
        list.AddRest(PassKind.W, X);
        return list.Actions;

        void Backward(int chunk)
        {
            list.Add(PassKind.B, chunk);
            list.Add(PassKind.W, chunk);
        }
    }
}
