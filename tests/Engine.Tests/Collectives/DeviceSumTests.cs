using System.Runtime.InteropServices;
using Interactive.Collectives;
using Interactive.Collectives.Mpi;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Collectives;

/// <summary>Gradients that are summed in a device's memory; here the CPU's stands for it.</summary>
public class DeviceSumTests
{
    static readonly long[] sizes = [10, 5000, 1, 70_000, 333];

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public unsafe void Buckets_are_summed_where_the_gradients_lie(int ranks)
    {
        var results = Ranks.Over(DeviceTransport.Create(ranks), end => Reduce(end, new(), (reducer, pool) =>
        {
            Assert.True(reducer.IsDirect);
            Assert.Equal(reducer.Buckets.Select(bucket => ((nint)(pool.Data + bucket.Start), bucket.Count)),
                ((DeviceTransport)end).Summed);
        }));
        Assert.All(results, values => Assert.Equal(results[0], values));
        for (int i = 0; i < 10; i++)
            Assert.Equal(Enumerable.Range(0, ranks).Average(rank => (double)Ranks.Value(rank, i)), results[0][i], 1e-3);
    }

    [Fact]
    public void A_device_that_is_not_reached_and_sums_that_mpi_does_not_make_are_staged()
    {
        void Staged(ReducerOptions options, bool reaches, AllReduceOptions? sums = null)
        {
            var results = Ranks.Over(DeviceTransport.Create(3, reaches), end => Reduce(end, options, (reducer, _) =>
            {
                Assert.False(reducer.IsDirect);
                Assert.Empty(((DeviceTransport)end).Summed);
            }, sums));
            Assert.All(results, values => Assert.Equal(results[0], values));
            Assert.Equal(Enumerable.Range(0, 3).Average(rank => (double)Ranks.Value(rank, 0)), results[0][0], 1e-2);
        }
        Staged(new(), reaches: false);
        Staged(new() { AllReduce = new() { Deterministic = true } }, reaches: true);
        Staged(new() { AllReduce = new() { Wire = WireFormat.Bf16 } }, reaches: true);
        Staged(new(), reaches: true, new() { Algorithm = AllReduceAlgorithm.Ring });
    }

    [Fact]
    public void Gradients_of_the_cpu_never_take_the_way_of_a_device() => Ranks.Over(DeviceTransport.Create(2), end =>
    {
        using var world = new Communicator(end);
        using var pool = new GradientPool([nn.Parameter(zeros(100))], world);
        using var reducer = new OverlappedReducer(world, pool);
        Assert.False(reducer.IsDirect);
        return 0;
    });

    [Fact]
    public void A_library_that_does_not_know_the_question_takes_no_device_pointers()
    {
        Assert.False(DeviceSupport.Ask(NativeLibrary.Load("libc.so.6")));
        Assert.Throws<UsageException>(() => new AllReduceOptions { Device = "cpu", Deterministic = true }.Validate());
    }

    [Theory]
    [InlineData(true, true, true, true)]
    [InlineData(false, true, true, false)] // as the MPI libraries of Debian
    [InlineData(true, false, false, false)] // switched off
    public void A_device_is_reached_where_mpi_takes_pointers_and_nothing_forbids_it(bool takes, bool allowed, bool cpu,
        bool gpu)
    {
        var support = new DeviceSupport(takes, allowed, "why");
        Assert.Equal(cpu, support.Reaches("cpu"));
        Assert.Equal(gpu, support.Reaches("cuda:0"));
        Assert.Equal(gpu ? "summed where they lie: why" : "summed in the CPU's memory: why", support.ToString());
    }

    static float[] Reduce(ITransport end, ReducerOptions options, Action<OverlappedReducer, GradientPool> check,
        AllReduceOptions? sums = null)
    {
        using var world = new Communicator(end, sums);
        using var pool = new GradientPool(sizes.Select(size => nn.Parameter(zeros(size))), world, null, isApart: true);
        using var reducer = new OverlappedReducer(world, pool,
            options with { BucketBytes = 20_000, FirstBucketBytes = 64 });
        Assert.True(reducer.Buckets.Count > 2);
        Ranks.Values(world.Rank, pool.Length).CopyTo(MemoryMarshal.Cast<byte, float>(pool.Buffer.bytes));
        reducer.Begin();
        reducer.Wait();
        check(reducer, pool);
        return pool.Buffer.data<float>().ToArray();
    }
}
