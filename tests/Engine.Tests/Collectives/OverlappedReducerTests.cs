using Interactive.Collectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Collectives;

public class OverlappedReducerTests
{
    static readonly long[] sizes = [10, 5000, 1, 70_000, 333, 20_000, 16, 4097];

    [Fact]
    public void Overlap_buckets_and_ready_order_do_not_change_a_bit()
    {
        var reference = Train(3,
            new ReducerOptions { Overlap = false, BucketBytes = long.MaxValue, FirstBucketBytes = long.MaxValue },
            shuffle: false);
        Assert.Equal(reference,
            Train(3, new ReducerOptions { BucketBytes = 4096, FirstBucketBytes = 64 }, shuffle: false));
        Assert.Equal(reference,
            Train(3, new ReducerOptions { BucketBytes = 100_000, FirstBucketBytes = 64 }, shuffle: true));
        Assert.Equal(reference, Train(3, new ReducerOptions { Overlap = false, BucketBytes = 100_000 }, shuffle: true));
        // Copied to be summed and back, as from a GPU.
        Assert.Equal(reference,
            Train(3, new ReducerOptions { BucketBytes = 4096, FirstBucketBytes = 64 }, shuffle: true, staged: true));
    }

    [Fact]
    public void Gradients_are_averages_and_unannounced_ones_are_reduced_too()
    {
        var sums = Ranks.Run(4, world =>
        {
            var parameters = sizes.Select(size => nn.Parameter(zeros(size))).ToArray();
            using var pool = new GradientPool(parameters);
            using var reducer = new OverlappedReducer(world, pool,
                new ReducerOptions { BucketBytes = 1000, FirstBucketBytes = 100 });
            reducer.Begin();
            pool.Buffer.fill_(world.Rank);
            foreach (var parameter in parameters.Take(3)) reducer.Ready(parameter);
            var landed = reducer.Landed().SelectMany(bucket => bucket.Ranges).Select(range => range.Count).ToArray();
            Assert.Equal(sizes, landed);
            Assert.True(reducer.Buckets.Count > 2);
            return pool.Buffer.data<float>().ToArray().Distinct().Single();
        });
        Assert.All(sums, sum => Assert.Equal(1.5f, sum));
    }

    [Theory]
    [InlineData("resnet18")]
    [InlineData("gpt")]
    public void The_pool_s_order_is_the_one_in_which_gradients_are_seen_to_be_complete(string model)
    {
        using var graph = Interactive.Models.Zoo.Create(model, model == "gpt"
            ? new Interactive.Models.ModelOptions { Layers = 2, Vocabulary = 64 }
            : new Interactive.Models.ModelOptions { Image = new Interactive.Graphs.Shape(3, 32, 32), Classes = 10 });
        using var executor = new Interactive.Execution.Executor(graph);
        using var pool = new GradientPool(executor.BackwardOrder);
        var seen = new List<int>();
        executor.GradientReady += parameter => seen.Add(pool.IndexOf(parameter));
        var (input, target) = Interactive.Execution.SyntheticBatch.For(graph, 2);
        executor.Step(input, target);
        Assert.Equal(Enumerable.Range(0, pool.Ranges.Count), seen);
    }

    static string Train(int ranks, ReducerOptions options, bool shuffle, bool staged = false)
    {
        var hashes = Ranks.Run(ranks, world =>
        {
            var parameters = sizes.Select(size => nn.Parameter(zeros(size))).ToArray();
            using var pool = new GradientPool(parameters, null, null, isApart: staged);
            using var reducer = new OverlappedReducer(world, pool, options);
            var order = new Random(world.Rank);
            var trace = new List<byte>();
            for (int step = 0; step < 5; step++)
            {
                reducer.Begin();
                var ready = parameters.ToArray();
                if (shuffle) order.Shuffle(ready);
                foreach (var parameter in ready)
                {
                    Fill(pool, parameter, world.Rank, step);
                    reducer.Ready(parameter);
                }
                reducer.Wait();
                trace.AddRange(System.Security.Cryptography.SHA256.HashData(pool.Buffer.bytes));
            }
            return Convert.ToHexString(trace.ToArray());
        });
        return Assert.Single(hashes.Distinct());
    }

    static void Fill(GradientPool pool, Parameter parameter, int rank, int step)
    {
        var range = pool.Ranges[pool.IndexOf(parameter)];
        var values = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(pool.Buffer.bytes)
            .Slice((int)range.Start, (int)range.Count);
        for (int i = 0; i < values.Length; i++) values[i] = Ranks.Value(rank, range.Start + i + step);
    }
}
