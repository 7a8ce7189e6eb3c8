using CsCheck;
using Interactive.Collectives;
using Interactive.Collectives.Transports;
using Interactive.Runtime;

namespace Interactive.Engine.Tests.Collectives;

/// <summary>What every algorithm promises, for each of them.</summary>
public class AllReduceTests
{
    static readonly Gen<int> counts = Gen.OneOf(Gen.Int[0, 40], Gen.Int[0, 20_000]);

    [Theory]
    [InlineData("ring")]
    [InlineData("halving-doubling")]
    [InlineData("window")]
    public void Any_ranks_and_counts_give_right_sums_and_equal_bits(string algorithm) =>
        Gen.Select(Gen.Int[1, 32], counts).Sample((ranks, count) =>
            Check(Reduce(InProcessTransport.Create(ranks), new() { Algorithm = AllReduceAlgorithm.Parse(algorithm) }, count, [(0, count)]),
                count), iter: 40);

    [Fact]
    public void Hierarchical_gives_right_sums_on_any_hosts() =>
        Gen.Select(Gen.Int[2, 4], Gen.Int[2, 6], counts).Sample((local, hosts, count) =>
            Check(Reduce(InProcessTransport.Create(local * hosts, rank => $"host{rank / local}"),
                new() { Algorithm = AllReduceAlgorithm.Hierarchical }, count, [(0, count)]), count), iter: 30);

    [Theory]
    [InlineData("ring", 1)]
    [InlineData("halving-doubling", 1)]
    [InlineData("window", 9)]
    [InlineData("hierarchical", 3)]
    public void Any_division_into_ranges_gives_the_same_bits(string algorithm, int local) =>
        Gen.Select(Gen.Int[1, 60_000], Gen.Int[0, 60_000].Array[0, 6]).Sample((count, cuts) =>
        {
            var edges = cuts.Where(cut => cut < count).Append(0).Append(count).Order().ToArray();
            var ranges = edges.Zip(edges.Skip(1), (from, to) => (from, to - from)).ToArray();
            InProcessTransport[] Ends() => InProcessTransport.Create(9, rank => $"host{rank / local}");
            var whole = Reduce(Ends(), new() { Algorithm = AllReduceAlgorithm.Parse(algorithm) }, count, [(0, count)]);
            Assert.Equal(whole[0], Reduce(Ends(), new() { Algorithm = AllReduceAlgorithm.Parse(algorithm) }, count, ranges)[0]);
            Assert.All(Reduce(Ends(), new() { Algorithm = AllReduceAlgorithm.Parse(algorithm) }, count, ranges, allocate: true),
                result => Assert.Equal(whole[0], result));
        }, iter: 30);

    [Fact]
    public void Deterministic_sums_do_not_depend_on_algorithm_hosts_or_memory() =>
        Gen.Select(Gen.Int[2, 12], counts).Sample((ranks, count) =>
        {
            var options = new AllReduceOptions { Deterministic = true };
            var window = Reduce(InProcessTransport.Create(ranks), options, count, [(0, count)]);
            var messages = Reduce(InProcessTransport.Create(ranks, rank => $"host{rank}"), options, count,
                [(0, count)]);
            var shared = Reduce(InProcessTransport.Create(ranks), options, count,
                [(0, count / 2), (count / 2, count - count / 2)], allocate: true);
            Assert.Equal(window[0], messages[0]);
            Assert.Equal(window[0], shared[0]);
        }, iter: 30);

    [Theory]
    [InlineData("window", 1)]
    [InlineData("hierarchical", 2)]
    public void Memory_in_a_window_is_reduced_in_place(string algorithm, int hosts)
    {
        var ends = InProcessTransport.Create(4, rank => $"host{rank * hosts / 4}");
        Check(Reduce(ends, new() { Algorithm = AllReduceAlgorithm.Parse(algorithm) }, 300_001, [(0, 100), (100, 299_901)], allocate: true),
            300_001);
    }

    [Fact]
    public void Reduce_scatter_and_all_gather_make_the_deterministic_all_reduce() =>
        Gen.Select(Gen.Int[1, 12], Gen.OneOf(counts, Gen.Int[600_000, 700_000])).Sample((ranks, count) =>
        {
            var together = Reduce(InProcessTransport.Create(ranks), new() { Deterministic = true }, count,
                [(0, count)]);
            var results = Ranks.Run(ranks, world => ScatterGather(world, count));
            Assert.All(results, result => Assert.Equal(together[0], result));
        }, iter: 20);

    [Theory]
    [InlineData(WireFormat.Bf16, 1.0 / 128)]
    [InlineData(WireFormat.Fp16, 1.0 / 1024)]
    public void Two_bytes_on_the_wire_round_within_their_precision(WireFormat wire, double precision) =>
        Gen.Select(Gen.Int[2, 9], counts).Sample((ranks, count) =>
        {
            var results = Reduce(InProcessTransport.Create(ranks), new() { Wire = wire }, count, [(0, count)]);
            Check(results, count, 1.1 * precision);
        }, iter: 20);

    [Fact]
    public void Error_feedback_recovers_what_rounding_loses()
    {
        const int steps = 200;
        const float value = 1 + 1f / 1024; // not a bfloat16
        double Mean(bool feedback) => Ranks.Over(InProcessTransport.Create(3), end =>
        {
            using var world = new Communicator(end, new() { Wire = WireFormat.Bf16, ErrorFeedback = feedback });
            return Enumerable.Range(0, steps).Sum(_ => Sum(world, value)) / steps;
        })[1];
        Assert.Equal(3 * value, Mean(true), 3e-4);
        Assert.Equal(3.0, Mean(false), 1e-6);
    }

    [Fact]
    public void Ranks_that_diverge_are_named()
    {
        foreach (var local in new[] { 1, 4 })
        {
            var error = Assert.Throws<InvalidOperationException>(()
                => Ranks.Over(InProcessTransport.Create(4, rank => $"host{rank / local}"), end =>
            {
                using var world = new Communicator(end);
                Sum(world, 1, "layer4.0.conv1");
                return Sum(world, 1, world.Rank == 2 ? "layer4.0.conv1" : "layer4.0.bn1");
            }));
            Assert.Contains("rank 2 is at all-reduce layer4.0.conv1",
                error.Message.Replace("rank 2 at", "rank 2 is at"));
            Assert.Contains("layer4.0.bn1", error.Message);
        }
    }

    [Theory]
    [InlineData("round-robin", false, WireFormat.Fp32)]
    [InlineData("ring", true, WireFormat.Fp32)]
    [InlineData(null, true, WireFormat.Bf16)]
    public void Impossible_options_are_refused(string? algorithm, bool deterministic, WireFormat wire) =>
        Assert.Throws<UsageException>(()
            => new Communicator(InProcessTransport.Create(1)[0],
            new() { Algorithm = algorithm is null ? null : AllReduceAlgorithm.Parse(algorithm), Deterministic = deterministic, Wire = wire }));

    [Fact]
    public void A_kept_table_is_read_again_and_one_of_unknown_algorithms_is_not()
    {
        // As many ranks a host as no machine here has: nobody else's table.
        string[] hosts = [.. Enumerable.Range(0, 7).Select(rank => rank < 5 ? "a" : "b")];
        var file = Path.Combine(CacheFolder.Find(), "allreduce-5x2.json");
        try
        {
            AllReduceTable.Row[] rows = [new(1024, AllReduceAlgorithm.HalvingDoubling), new(long.MaxValue, AllReduceAlgorithm.Mpi)];
            AllReduceTable.Save(hosts, rows);
            Assert.Equal("""[{"MostBytes":1024,"Algorithm":"halving-doubling"},{"MostBytes":9223372036854775807,"Algorithm":"mpi"}]""",
                File.ReadAllText(file));
            var kept = AllReduceTable.Choose(hosts);
            Assert.Equal(("measured", AllReduceAlgorithm.HalvingDoubling, AllReduceAlgorithm.Mpi),
                (kept.Source, kept.For(1024), kept.For(1025)));

            File.WriteAllText(file, File.ReadAllText(file).Replace("mpi", "round-robin"));
            Assert.Equal("fixed", AllReduceTable.Choose(hosts).Source);
        }
        finally { File.Delete(file); }
    }

    static void Check(float[][] results, int count, double precision = 1e-6)
    {
        Assert.All(results, result => Assert.Equal(results[0], result));
        for (int i = 0; i < count; i++)
        {
            var values = Enumerable.Range(0, results.Length).Select(rank => (double)Ranks.Value(rank, i)).ToList();
            double sum = values.Sum(), tolerance = values.Sum(Math.Abs) * precision;
            if (!(Math.Abs(sum - results[0][i]) <= tolerance))
                Assert.Fail($"element {i} of {count} over {results.Length} ranks: {results[0][i]}, not {sum}");
        }
    }

    static unsafe float[][] Reduce(InProcessTransport[] ends, AllReduceOptions options, int length,
        (int Start, int Count)[] ranges, bool allocate = false) => Ranks.Over(ends, end =>
    {
        using var world = new Communicator(end, options);
        var data = Ranks.Values(world.Rank, length);
        fixed (float* own = data)
        {
            var memory = allocate ? world.Allocate(length) : own;
            data.CopyTo(new Span<float>(memory, length));
            foreach (var (start, count) in ranges) world.AllReduce(memory, length, start, count);
            return new Span<float>(memory, length).ToArray();
        }
    });

    static unsafe float[] ScatterGather(ICommunicator world, int count)
    {
        var data = Ranks.Values(world.Rank, count);
        fixed (float* pointer = data)
        {
            world.ReduceScatter(pointer, count);
            var (low, high) = world.Part(world.Rank, count);
            for (int i = 0; i < count; i++) if (i < low || i >= high) data[i] = float.NaN; // only the own part counts
            world.AllGather(pointer, count);
        }
        return data;
    }

    static unsafe float Sum(ICommunicator world, float value, string name = "")
    {
        world.AllReduce(&value, 1, 0, 1, name);
        return value;
    }
}
