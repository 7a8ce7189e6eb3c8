using CsCheck;
using Interactive.Collectives;

namespace Interactive.Engine.Tests.Collectives;

public class RingAllReduceTests
{
    [Fact]
    public void Any_ranks_and_counts_give_right_sums_and_equal_bits() =>
        Gen.Select(Gen.Int[1, 32], Gen.OneOf(Gen.Int[0, 40], Gen.Int[0, 20_000])).Sample((ranks, count) =>
        {
            var results = Ranks.Run(ranks, world => Reduce(world, count, [(0, count)]));
            Assert.All(results, result => Assert.Equal(results[0], result));
            for (int i = 0; i < count; i++)
            {
                var values = Enumerable.Range(0, ranks).Select(rank => (double)Ranks.Value(rank, i)).ToList();
                Assert.Equal(values.Sum(), results[0][i], values.Sum(Math.Abs) * 1e-6);
            }
        }, iter: 60);

    [Fact]
    public void Any_division_into_ranges_gives_the_same_bits() =>
        Gen.Select(Gen.Int[2, 9], Gen.Int[1, 60_000], Gen.Int[0, 60_000].Array[0, 6]).Sample((ranks, count, cuts) =>
        {
            var edges = cuts.Where(cut => cut < count).Append(0).Append(count).Order().ToArray();
            var ranges = edges.Zip(edges.Skip(1), (from, to) => (from, to - from)).ToArray();
            var whole = Ranks.Run(ranks, world => Reduce(world, count, [(0, count)]));
            var parts = Ranks.Run(ranks, world => Reduce(world, count, ranges));
            Assert.Equal(whole[0], parts[0]);
        }, iter: 60);

    static unsafe float[] Reduce(ICommunicator world, int length, (int Start, int Count)[] ranges)
    {
        var data = Ranks.Values(world.Rank, length);
        fixed (float* pointer = data)
            foreach (var (start, count) in ranges) world.AllReduce(pointer, length, start, count);
        return data;
    }
}
