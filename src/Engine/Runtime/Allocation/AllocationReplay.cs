using System.Runtime.InteropServices;

namespace Interactive.Runtime;

/// <summary>
/// Serves a step's allocations from places in one block of memory that a record of an earlier step has assigned. A
/// place is given out only while everything still in use is what the record has in use at that point; then no two
/// overlap. Whatever differs from the record, in size, order or length of life, is a miss and goes to malloc.
/// </summary>
internal sealed unsafe class AllocationReplay : AllocationWatch, IDisposable
{
    /// <summary>Alignment of places, and room before each for the meter's header.</summary>
    public const int Header = 64;

    private readonly IReadOnlyList<Allocation> sequence;
    private readonly long[] offsets;
    private readonly int[] byEnd;     // allocations that have a place, by the end of their lives
    private readonly bool[] live, late;
    private byte* memory;
    private int next, ended, inUse, overdue;
    private bool disposed;

    /// <param name="sequence">A recorded step.</param>
    /// <param name="offsets">A place for each allocation, its header included; -1 for none.</param>
    /// <param name="bytes">Size of the block.</param>
    public AllocationReplay(IReadOnlyList<Allocation> sequence, long[] offsets, long bytes)
    {
        (this.sequence, this.offsets) = (sequence, offsets);
        byEnd = [.. Enumerable.Range(0, sequence.Count).Where(i => offsets[i] >= 0).OrderBy(i => sequence[i].Last)];
        (live, late) = (new bool[sequence.Count], new bool[sequence.Count]);
        memory = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, Header), Header);
        NativeHeap.InHugePages(memory, (nuint)Math.Max(bytes, Header));
    }

    /// <summary>Allocations served from the block, in the last step.</summary>
    public int Hits { get; private set; }
    /// <summary>Allocations that the record foretold otherwise, in the last step.</summary>
    public int Misses { get; private set; }
    /// <summary>Blocks that outlived the last step although the record has them freed within it.</summary>
    public int Escapes { get; private set; }

    protected override void OnBegin()
    {
        (next, ended, Hits, Misses) = (0, 0, 0, 0);
        for (var i = 0; inUse > 0 && i < live.Length; i++) MarkLate(i);
    }

    protected override void OnEnd()
    {
        if (next != sequence.Count) Misses++;
        Escapes = inUse;
    }

    protected override byte* OnAllocate(long bytes, out int index)
    {
        var at = next++;
        index = -1;
        if (at >= sequence.Count || sequence[at].Bytes != bytes)
        {
            Misses++;
            return null;
        }
        for (; ended < byEnd.Length && sequence[byEnd[ended]].Last < at; ended++) MarkLate(byEnd[ended]);
        if (offsets[at] < 0) return null;
        if (overdue > 0)
        {
            Misses++;
            return null;
        }
        Hits++;
        live[at] = true;
        inUse++;
        index = at;
        return memory + offsets[at];
    }

    protected override bool OnFree(int index)
    {
        live[index] = false;
        inUse--;
        if (late[index])
        {
            late[index] = false;
            overdue--;
        }
        if (disposed && inUse == 0) Release();
        return true;
    }

    // Still in use after the record has it freed: nothing else may be placed until it goes.
    private void MarkLate(int index)
    {
        if (!live[index] || late[index]) return;
        late[index] = true;
        overdue++;
    }

    /// <summary>Gives the block back, at once or when the last tensor in it goes.</summary>
    public void Dispose()
    {
        disposed = true;
        if (inUse == 0) Release();
    }

    private void Release()
    {
        Forget();
        NativeMemory.AlignedFree(memory);
        memory = null;
    }
}
