using Interactive.Collectives;

namespace Interactive.Engine.Tests.Collectives;

public class CommunicatorTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(8)]
    public void Broadcast_reaches_every_rank_from_every_root(int ranks)
    {
        var results = Ranks.Run(ranks, world => Enumerable.Range(0, ranks).Select(root =>
        {
            var data = new byte[5_000_000];
            if (world.Rank == root) new Random(root).NextBytes(data);
            world.Broadcast(data, root);
            return data.Aggregate(17L, (hash, value) => hash * 31 + value);
        }).ToArray());
        Assert.All(results, hashes => Assert.Equal(results[0], hashes));
        Assert.Equal(ranks, results[0].Distinct().Count());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public void AllGather_returns_every_ranks_bytes(int ranks)
    {
        var results = Ranks.Run(ranks,
            world => world.AllGather(Enumerable.Repeat((byte)world.Rank, world.Rank * 2).ToArray()));
        foreach (var result in results)
            for (int rank = 0; rank < ranks; rank++)
                Assert.Equal(Enumerable.Repeat((byte)rank, rank * 2), result[rank]);
    }

    [Theory]
    [InlineData(2, 3)]
    [InlineData(3, 70_001)]
    [InlineData(4, 16)]
    public unsafe void Blocks_are_gathered_summed_and_exchanged(int ranks, int each)
    {
        var results = Ranks.Run(ranks, world =>
        {
            using var part = world.Split([.. Enumerable.Range(0, ranks)]);
            var before = ((Communicator)part).SentBytes;
            var given = Ranks.Values(world.Rank, ranks * each);
            float[] gathered = new float[ranks * each], sum = new float[each], swapped = new float[ranks * each];
            given.AsSpan(world.Rank * each, each).CopyTo(gathered.AsSpan(world.Rank * each));
            fixed (float* all = gathered, from = given, into = sum, to = swapped)
            {
                part.GatherBlocks(all, each);
                part.SumBlocks(from, into, each);
                part.SwapBlocks(from, to, each);
            }
            Assert.Equal(Ranks.Values(world.Rank, ranks * each), given);
            return (gathered, sum, swapped, Sent: ((Communicator)part).SentBytes - before);
        });
        for (var rank = 0; rank < ranks; rank++)
            for (var i = 0; i < each; i += 1 + each / 500)
            {
                Assert.Equal(Enumerable.Range(0, ranks).Sum(r => (double)Ranks.Value(r, rank * each + i)), results[rank].sum[i], 0.01);
                for (var other = 0; other < ranks; other++)
                {
                    Assert.Equal(Ranks.Value(other, other * each + i), results[rank].gathered[other * each + i]);
                    Assert.Equal(Ranks.Value(other, rank * each + i), results[rank].swapped[other * each + i]);
                }
            }
        Assert.All(results, result => Assert.Equal(3L * (ranks - 1) * each * sizeof(float), result.Sent));
    }

    [Fact]
    public void Barrier_holds_everyone_until_the_last_arrives()
    {
        int arrived = 0;
        var seen = Ranks.Run(6, world =>
        {
            if (world.Rank == 3) Thread.Sleep(50);
            Interlocked.Increment(ref arrived);
            world.Barrier();
            return Volatile.Read(ref arrived);
        });
        Assert.All(seen, count => Assert.Equal(6, count));
    }

    [Fact]
    public void Duplicates_do_not_mix_messages()
    {
        var results = Ranks.Run(3, world =>
        {
            using var other = world.Duplicate();
            byte[][]? fromThread = null;
            var thread = new Thread(() => fromThread = other.AllGather(new byte[] { (byte)(100 + world.Rank) }));
            thread.Start();
            var mine = world.AllGather(new byte[] { (byte)world.Rank });
            thread.Join();
            return mine.Concat(fromThread!).Select(bytes => (int)bytes[0]).ToArray();
        });
        Assert.All(results, values => Assert.Equal([0, 1, 2, 100, 101, 102], values));
    }

    [Fact]
    public void Local_ranks_count_within_each_host()
    {
        var ends = Interactive.Collectives.Transports.InProcessTransport.Create(5,
            rank => rank % 2 == 0 ? "even" : "odd");
        Assert.Equal([0, 0, 1, 1, 2], Ranks.Over(ends, end => new Interactive.Collectives.Communicator(end).LocalRank));
    }
}
