namespace Interactive.Layouts;

/// <summary>
/// Several stages a rank, dealt out in rounds (Narayanan et al. 2021): the idle time is divided by their number, and
/// there are so many times more transfers.
/// </summary>
/// <param name="chunks">Stages of each rank; 2 or more.</param>
public sealed class Interleaved(int chunks = 2) : IPipelineOrder
{
    /// <inheritdoc/>
    public string Name => "interleaved";

    /// <inheritdoc/>
    public int Chunks => chunks;

    /// <inheritdoc/>
    public string? Misfit(int ranks, int micros) => micros % ranks == 0 ? null
        : $"order=interleaved needs micro-batches that divide by the {ranks} ranks, got {micros}: {Math.Max(1, micros / ranks) * ranks} or {(micros / ranks + 1) * ranks} work";

    /// <inheritdoc/>
    public IReadOnlyList<PipelineAction> Actions(int rank, int ranks, int micros)
    {
        var list = new ActionList(micros);
        var count = micros * chunks;
        var ahead = micros == ranks ? count : Math.Min(count, 2 * (ranks - rank - 1) + (chunks - 1) * ranks);
        for (var k = 0; k < count + ahead; k++)
        {
            if (k < count) list.Add(PassKind.F, Chunk(k), Micro(k));
            if (k >= ahead) list.Add(PassKind.BW, chunks - 1 - Chunk(k - ahead), Micro(k - ahead));
        }
        return list.Actions;

        int Chunk(int k) => k % (ranks * chunks) / ranks;
        int Micro(int k) => k / (ranks * chunks) * ranks + k % ranks;
    }
}
