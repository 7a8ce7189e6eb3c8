using Interactive.Memory.Liveness;
using Interactive.Runtime;
using Buffer = Interactive.Memory.Liveness.Buffer;

namespace Interactive.Memory;

/// <summary>
/// One preallocated block for all temporary tensors of a training step. From the second step on a step allocates what
/// the one before did, in the same order: the second step is recorded, its tensors are packed
/// (<see cref="OffsetPlan"/>), and the following ones get their places from the block without malloc. What differs from
/// the record is served by malloc; a step that differs is recorded anew, three times at most. Without the exact meter
/// steps run as ever.
/// </summary>
public sealed class StepArena : IDisposable
{
    private const int MostRecordings = 3;

    private readonly bool works = MemoryMeter.Current is CpuAllocatorMeter;
    private AllocationReplay? replay;
    private bool warm;

    /// <summary>Size of the block in bytes; 0 before the second step has ended.</summary>
    public long PackedBytes { get; private set; }

    /// <summary>
    /// The most bytes of the block in use at once, headers and alignment counted: no packing needs less.
    /// </summary>
    public long LowerBound { get; private set; }

    /// <summary>How often a step was recorded.</summary>
    public int Recordings { get; private set; }

    /// <summary>Allocations of the last step that the block served.</summary>
    public int Hits => replay?.Hits ?? 0;

    /// <summary>Allocations of the last step that were not as recorded and went to malloc.</summary>
    public int Misses => replay?.Misses ?? 0;

    /// <summary>
    /// Tensors in the block that outlived the last step, though the recorded step freed them. Their memory stays
    /// theirs.
    /// </summary>
    public int Escapes => replay?.Escapes ?? 0;

    /// <summary>
    /// Runs a step on the calling thread. Its temporary tensors lie in the block; those that outlived the recorded step
    /// do not.
    /// </summary>
    /// <exception cref="InvalidOperationException">Called within a step of this or another arena.</exception>
    public T Run<T>(Func<T> step)
    {
        if (!works) return step();
        if (!warm) // gradients and optimiser state come into being
        {
            warm = true;
            return step();
        }
        if (replay is not null && (replay.Misses > 0 || replay.Escapes > 0) && Recordings < MostRecordings)
        {
            replay.Dispose();
            replay = null;
        }
        if (replay is not null) return Within(replay, step);
        var recorder = new AllocationRecorder();
        var result = Within(recorder, step);
        Pack(recorder.Sequence);
        return result;
    }

    private static T Within<T>(AllocationWatch watch, Func<T> step)
    {
        watch.Begin();
        try { return step(); }
        finally { watch.End(); }
    }

    private void Pack(IReadOnlyList<Allocation> sequence)
    {
        Recordings++;
        var temporary = Enumerable.Range(0, sequence.Count).Where(i => sequence[i].Last is not null).ToArray();
        var plan =
            OffsetPlan.Assign([.. temporary
            .Select(i => new Buffer(sequence[i].Bytes + AllocationReplay.Header, i, sequence[i].Last!.Value))],
            AllocationReplay.Header);
        var offsets = new long[sequence.Count];
        Array.Fill(offsets, -1);
        for (var i = 0; i < temporary.Length; i++) offsets[temporary[i]] = plan.Offsets[i];
        (PackedBytes, LowerBound) = (plan.Bytes, plan.LowerBound);
        replay = new AllocationReplay(sequence, offsets, plan.Bytes);
    }

    /// <summary>Gives the block back; if a tensor has escaped into it, when that goes.</summary>
    public void Dispose()
    {
        replay?.Dispose();
        replay = null;
    }
}
