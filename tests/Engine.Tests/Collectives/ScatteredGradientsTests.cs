using System.Runtime.InteropServices;
using Interactive.Collectives;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Collectives;

public class ScatteredGradientsTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void A_rank_keeps_the_memory_of_its_part_only(int ranks)
    {
        const int Count = 1 << 20, Page = 4096;
        var resident = Ranks.Run(ranks, world =>
        {
            var parameters = Enumerable.Range(0, 4).Select(_ => nn.Parameter(zeros(Count))).ToArray();
            using var pool = new GradientPool(parameters);
            using var reducer = new OverlappedReducer(world, pool,
                new ReducerOptions { Scatter = true, BucketBytes = 4 * Count, FirstBucketBytes = 4 * Count });
            pool.Buffer.fill_(world.Rank + 1);
            Assert.InRange(Resident(pool), 4L * Count * sizeof(float) - Page, long.MaxValue);
            reducer.Begin();
            reducer.Wait();
            foreach (var bucket in reducer.Buckets)
            {
                var (low, high) = world.Part(world.Rank, bucket.Count);
                using var own = pool.Buffer.narrow(0, bucket.Start + low, high - low);
                Assert.Equal((ranks + 1) / 2f, own.min().item<float>());
                Assert.Equal((ranks + 1) / 2f, own.max().item<float>());
            }
            return Resident(pool);
        });
        Assert.All(resident, bytes => Assert.InRange(bytes, 0, 4L * Count * sizeof(float) / ranks + 4 * 3 * Page));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(5, 3000)]
    [InlineData(1000, 9000)]
    public void Discarded_floats_are_zero_and_others_stay(long start, long count)
    {
        using var pool = new GradientPool([nn.Parameter(zeros(20_000))]);
        pool.Buffer.fill_(7);
        pool.Discard(start, count);
        var values = pool.Buffer.data<float>().ToArray();
        Assert.All(values.Index(),
            item => Assert.Equal(item.Index >= start && item.Index < start + count ? 0f : 7f, item.Item));
    }

    static unsafe long Resident(GradientPool pool)
    {
        const int Page = 4096;
        nuint from = (nuint)pool.Data / Page * Page,
            length = (nuint)pool.Data + (nuint)pool.Length * sizeof(float) - from;
        var pages = new byte[(length + Page - 1) / Page];
        fixed (byte* vector = pages) Assert.Equal(0, mincore((void*)from, length, vector));
        return pages.Count(page => (page & 1) != 0) * (long)Page;
    }

    [DllImport("libc")]
    static extern unsafe int mincore(void* address, nuint length, byte* vector);
}
