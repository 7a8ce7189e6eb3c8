using Interactive.Collectives.Transports;

namespace Interactive.Collectives;

/// <summary>
/// The ranks of this host around a shared window: a page per rank for the barrier's counter and a notice, then a
/// staging area for data that does not live in a window itself.
/// </summary>
internal sealed unsafe class NodeGroup : IDisposable
{
    /// <summary>Floats of one half of the staging area.</summary>
    public const int Stage = 256 * 1024;

    /// <summary>Bytes of the notice that a rank can leave for the others.</summary>
    public const int NoticeBytes = 256;

    const int Page = 4096, NoticeOffset = 128;
    readonly SharedWindow window;
    long epoch;
    int half;

    /// <summary>Collective over all ranks of the transport.</summary>
    public NodeGroup(ISharesMemory transport, IReadOnlyList<int> members)
    {
        window = transport.Share(members, Page + 2L * Stage * sizeof(float));
        *Counter(window.Mine) = 0;
    }

    /// <summary>This rank within the group.</summary>
    public int Mine => window.Mine;

    /// <summary>Ranks in the group.</summary>
    public int Count => window.Count;

    /// <summary>A rank's notice.</summary>
    public Span<byte> Notice(int rank) => new(window.Part(rank) + NoticeOffset, NoticeBytes);

    /// <summary>
    /// The half of the staging areas to use now. They alternate, and a barrier lies between two uses: nobody writes a
    /// half that another rank may still be reading.
    /// </summary>
    public int NextHalf() => half ^= 1;

    /// <summary>Half <paramref name="half"/> (0 or 1) of a rank's staging area.</summary>
    public float* Staging(int rank, int half) => (float*)(window.Part(rank) + Page) + half * (long)Stage;

    /// <summary>
    /// Returns when all ranks of the group have come here; their writes before are visible after.
    /// </summary>
    /// <param name="mark">What others can read as <see cref="Mark"/> until they come to the next barrier: it costs them
    /// no further cache line.</param>
    public void Barrier(ulong mark = 0)
    {
        Marks(window.Mine)[++epoch & 1] = mark; // two in turn: a slow rank may still be reading the one before
        Volatile.Write(ref *Counter(window.Mine), epoch);
        for (int rank = 0; rank < window.Count; rank++)
        {
            var waiter = new YieldingWait();
            while (Volatile.Read(ref *Counter(rank)) < epoch) waiter.Once();
        }
    }

    /// <summary>What a rank has brought to the last barrier.</summary>
    public ulong Mark(int rank) => Marks(rank)[epoch & 1];

    public void Dispose() => window.Dispose();

    long* Counter(int rank) => (long*)window.Part(rank);
    ulong* Marks(int rank) => (ulong*)window.Part(rank) + 1;
}
