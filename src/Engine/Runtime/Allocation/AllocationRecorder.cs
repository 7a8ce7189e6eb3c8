namespace Interactive.Runtime;

/// <summary>
/// What was allocated: its size, and the numbers of the first and the last allocation during which it was in use.
/// </summary>
/// <param name="Bytes">Size as asked for.</param>
/// <param name="First">Its own number in the sequence.</param>
/// <param name="Last">The last allocation before it was freed; null when it outlived the sequence.</param>
internal readonly record struct Allocation(long Bytes, int First, int? Last);

/// <summary>Writes down the allocations of one step.</summary>
internal sealed unsafe class AllocationRecorder : AllocationWatch
{
    private readonly List<Allocation> sequence = [];

    /// <summary>The allocations in order, when the step has ended.</summary>
    public IReadOnlyList<Allocation> Sequence => sequence;

    protected override void OnBegin() { }

    protected override void OnEnd() => Forget();

    protected override byte* OnAllocate(long bytes, out int index)
    {
        index = sequence.Count;
        sequence.Add(new(bytes, index, null));
        return null;
    }

    protected override bool OnFree(int index)
    {
        sequence[index] = sequence[index] with { Last = sequence.Count - 1 };
        return false;
    }
}
