using Interactive.Runtime;

namespace Interactive.Engine.Tests.Runtime;

public class FreeExtentsTests
{
    private const long Chunk = 1024;

    [Fact]
    public void TakesTheTightestGapThatIsThere()
    {
        var extents = new FreeExtents(64 * Chunk, Chunk);
        var (wide, _, tight, _) = (extents.Take(3 * Chunk), extents.Take(Chunk), extents.Take(2 * Chunk),
            extents.Take(Chunk));
        extents.Give(wide, 3 * Chunk);
        extents.Give(tight, 2 * Chunk);
        Assert.Equal(tight, extents.Take(2 * Chunk));
        Assert.Equal(7 * Chunk, extents.Present);
    }

    [Fact]
    public void PrefersMemoryThatIsThereToATighterGap()
    {
        var extents = new FreeExtents(64 * Chunk, Chunk);
        var (low, _, high, _) = (extents.Take(4 * Chunk), extents.Take(Chunk), extents.Take(2 * Chunk),
            extents.Take(Chunk));
        extents.Give(high, 2 * Chunk);
        Assert.Equal([6, 5, -1], [extents.Drop(), extents.Drop(), extents.Drop()]);
        extents.Give(low, 4 * Chunk);
        Assert.Equal(low, extents.Take(2 * Chunk));
        Assert.Equal(6 * Chunk, extents.Present);
    }

    [Fact]
    public void JoinsWhatLiesSideBySide()
    {
        var extents = new FreeExtents(4 * Chunk, Chunk);
        var (a, b, c) = (extents.Take(Chunk), extents.Take(Chunk), extents.Take(2 * Chunk));
        Assert.Equal(-1, extents.Take(64));
        extents.Give(a, Chunk);
        extents.Give(c, 2 * Chunk);
        extents.Give(b, Chunk);
        Assert.Equal(0, extents.Take(4 * Chunk));
    }

    [Fact]
    public void NeverGivesAByteTwiceAndCountsTheChunksThatAreThere()
    {
        var random = new Random(7);
        var extents = new FreeExtents(4096 * Chunk, Chunk);
        var live = new List<(long Begin, long Size)>();
        var present = new HashSet<long>();
        for (var round = 0; round < 3000; round++)
        {
            if (live.Count > 0 && random.Next(100) < 48)
            {
                var at = random.Next(live.Count);
                extents.Give(live[at].Begin, live[at].Size);
                live.RemoveAt(at);
            }
            else
            {
                var size = 64L * random.Next(1, 200);
                var begin = extents.Take(size);
                Assert.DoesNotContain(live, l => begin < l.Begin + l.Size && l.Begin < begin + size);
                live.Add((begin, size));
                for (var c = begin / Chunk; c <= (begin + size - 1) / Chunk; c++) present.Add(c);
            }
            if (random.Next(10) == 0 && extents.Drop() is >= 0 and var gone)
            {
                Assert.True(present.Remove(gone));
                Assert.DoesNotContain(live, l => l.Begin < (gone + 1) * Chunk && gone * Chunk < l.Begin + l.Size);
            }
            Assert.Equal(present.Count * Chunk, extents.Present);
        }
    }
}
