using Interactive.Runtime;

namespace Interactive.Engine.Tests.Runtime;

public unsafe class TensorHeapTests
{
    [Fact]
    public void HoldsASixteenthMoreThanWasEverInUse()
    {
        const int Size = 3 << 20;
        var heap = TensorHeap.TryReserve()!;
        var blocks = Enumerable.Range(0, 32).Select(_ => (nint)heap.Take(Size)).ToArray();
        foreach (var block in blocks.Where((_, i) => i % 2 == 0)) heap.Give((void*)block, Size);
        var most = 32L * Size;
        // Too big for the gaps: the gaps' memory goes as theirs comes.
        var big = Enumerable.Range(0, 6).Select(_ => (nint)heap.Take(2 * Size + 64)).ToArray();
        Assert.True(heap.ResidentBytes <= most + most / 16 + (2 << 20), $"{heap.ResidentBytes:N0} of {most:N0}");
        foreach (var block in big) new Span<byte>((void*)block, Size).Fill(1);
        foreach (var block in big) heap.Give((void*)block, 2 * Size + 64);
        foreach (var block in blocks.Where((_, i) => i % 2 == 1)) heap.Give((void*)block, Size);
        Assert.True(heap.Owns((void*)blocks[0]));
    }

    [Fact]
    public void KeepsWhatItHoldsForTheNext()
    {
        var heap = TensorHeap.TryReserve()!;
        var first = (nint)heap.Take(8 << 20);
        heap.Give((void*)first, 8 << 20);
        Assert.Equal(first, (nint)heap.Take(8 << 20));
        Assert.Equal(8 << 20, heap.ResidentBytes);
    }
}
