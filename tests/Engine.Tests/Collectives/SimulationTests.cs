using Interactive.Collectives;
using Interactive.Collectives.Simulation;

namespace Interactive.Engine.Tests.Collectives;

public class SimulationTests
{
    [Theory]
    [InlineData(4, 6, 150_000_000)]
    [InlineData(8, 14, 175_000_000)]
    [InlineData(32, 62, 193_750_000)]
    public void A_ring_of_100_MB_sends_what_the_closed_form_says(int ranks, int steps, long bytesEach)
    {
        var traces = Recording.AllReduce("ring", ranks, 25_000_000);
        // ranks differ by a block that does not divide
        Assert.Equal(bytesEach * ranks, traces.Sum(trace => trace.SentBytes));
        Assert.All(traces, trace => Assert.InRange(trace.SentBytes, bytesEach - (2 << 20), bytesEach + (2 << 20)));
        // One block a rank: as many messages as steps.
        Assert.All(Recording.AllReduce("ring", ranks, 16 * ranks), trace => Assert.Equal(steps, trace.Messages));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(32)]
    public void A_ring_of_one_block_a_rank_takes_the_time_of_the_closed_form(int ranks)
    {
        var network = new Network(20e-6, 1e9);
        var expected = 2 * (ranks - 1) * (network.Latency + 64 / network.BytesPerSecond);
        Assert.Equal(expected, network.Replay(Recording.AllReduce("ring", ranks, 16 * ranks)), 1e-12);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(16)]
    public void Halving_doubling_takes_log_steps_and_the_rings_bytes(int ranks)
    {
        long count = 4096 * ranks;
        var traces = Recording.AllReduce("halving-doubling", ranks, count);
        Assert.All(traces, trace => Assert.Equal(2 * (ranks - 1) * count * sizeof(float) / ranks, trace.SentBytes));
        // Without a limit on speed only the steps count: 2 log2(p) of them.
        Assert.Equal(2 * Math.Log2(ranks), new Network(1, double.PositiveInfinity).Replay(traces), 1e-12);
    }

    [Fact]
    public void A_pipelined_ring_hides_latency_and_never_beats_the_wire()
    {
        const long Count = 1 << 22;
        var network = new Network(50e-6, 125e6);
        var traces = Recording.AllReduce("ring", 4, Count);
        var wire = traces.Max(trace => trace.SentBytes) / network.BytesPerSecond;
        Assert.InRange(network.Replay(traces), wire, 1.1 * wire);
    }

    [Fact]
    public void A_message_that_nobody_sends_is_named()
    {
        var trace = new MessageTrace(0,
            [new(MessageTrace.Kind.Receive, 1, 4, 1), new(MessageTrace.Kind.Wait, 0, 0, 0)]);
        var error = Assert.Throws<CollectiveException>(()
            => new Network(1e-6, 1e9).Replay([trace, new MessageTrace(1, [])]));
        Assert.Contains("rank 0 waits for a message that nobody sends", error.Message);
    }

    [Fact]
    public void Algorithms_without_messages_cannot_be_recorded() =>
        Assert.Throws<UsageException>(() => Recording.AllReduce("window", 4, 100));

    [Theory]
    [InlineData(2, 1)]
    [InlineData(7, 16 * 7 + 1)]
    [InlineData(8, 100_003)]
    [InlineData(3, 1_000_000)]
    [InlineData(2, 3_000_001)]
    [InlineData(512, 1_100_000)]
    public void Two_bytes_an_element_halve_what_is_sent(int ranks, long count)
    {
        var trace = Recording.AllReduce(Recording.Half, ranks, count, rank: 0);
        var rounded = trace.SentBytes / sizeof(ushort) * ranks / (2 * (ranks - 1L));
        Assert.InRange(rounded, count, count + ranks * Math.Max(16, count / ranks));
        Assert.True(new Network(1e-6, 1e9).ReplaySymmetric(trace) > 0); // all ranks do the same
    }

    [Theory]
    [InlineData("ring", 8)]
    [InlineData("ring", 7)]
    [InlineData("halving-doubling", 16)]
    [InlineData(Recording.Half, 8)]
    public void One_rank_stands_for_all_where_they_do_the_same(string algorithm, int ranks)
    {
        var network = new Network(10e-6, 3.125e9);
        long count = ranks * 1024 * 64L; // divides evenly
        var all = network.Replay(Recording.AllReduce(algorithm, ranks, count));
        Assert.Equal(all, network.ReplaySymmetric(Recording.AllReduce(algorithm, ranks, count, rank: 0)), 1e-9);
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(8, 4)]
    [InlineData(128, 4)]
    public void A_hierarchical_sum_sends_every_float_once_a_host(int hosts, int perHost)
    {
        long count = hosts * perHost * 4096L;
        var network = new Network(10e-6, 3.125e9 / perHost);
        var traces = Enumerable.Range(0, hosts).Select(host => Recording.AcrossHosts(hosts, perHost, count, host))
            .ToList();
        Assert.All(traces,
            trace => Assert.Equal(2 * (hosts - 1) * count * sizeof(float) / hosts / perHost, trace.SentBytes));
        var all = network.Replay(traces);
        Assert.Equal(all, network.ReplaySymmetric(traces[0]), 1e-9);
        // Between the wire alone and the closed form of a ring without a pipeline.
        var wire = traces[0].SentBytes / network.BytesPerSecond;
        Assert.InRange(all, wire, 1.0001 * (wire + 2 * (hosts - 1) * network.Latency));
    }

    [Fact]
    public void A_hierarchical_sum_of_any_count_is_rounded_up_by_less_than_a_round()
    {
        foreach (var (hosts, perHost,
            count) in new[] { (3, 2, 1L), (2, 4, 100_003L), (32, 4, 1_000_001L), (128, 8, 1_100_000L) })
        {
            var trace = Recording.AcrossHosts(hosts, perHost, count, 0);
            var slice = trace.SentBytes / sizeof(float) * hosts / (2 * (hosts - 1L));
            Assert.InRange(slice, count / perHost,
                count / perHost + 16 + hosts * Math.Max(1024, count / 8 / hosts + 16));
            Assert.True(new Network(1e-6, 1e9).ReplaySymmetric(trace) > 0); // all hosts do the same
        }
    }

    [Fact]
    public void Only_what_outlasts_backward_costs_time()
    {
        // 10 s of computing; buckets of 1 MiB and then 4 MiB, ready at 4, 8 and 10 s.
        var step = StepPrediction.Of(10, [(4, 1 << 18), (6, 1 << 19), (8, 1 << 19), (10, 100)]);
        Assert.Equal([(4, 1 << 18), (8, 1 << 20), (10, 100)], step.Buckets);
        Assert.Equal(10, step.Seconds(_ => 0));
        Assert.Equal(11, step.Seconds(_ => 1)); // the last bucket only
        Assert.Equal(16, step.Seconds(_ => 4)); // 4 + 4 + 4 from 4 s on
        Assert.Equal(0.625, step.Efficiency(_ => 4));
    }
}
