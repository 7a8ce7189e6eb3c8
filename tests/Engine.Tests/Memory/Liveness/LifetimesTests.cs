using Interactive.Memory.Liveness;
using Buffer = Interactive.Memory.Liveness.Buffer;

namespace Interactive.Engine.Tests.Memory.Liveness;

public class LifetimesTests
{
    // Tensor 0 is the caller's.
    [Fact]
    public void The_last_reader_takes_the_memory_over_when_it_may()
    {
        var lives = Lifetimes.Of([new(1, [0], 8), new(2, [1], 8, InPlaceOn: 1), new(3, [2], 8)], results: 3);
        Assert.Equal([new Buffer(8, 0, 2), new Buffer(8, 2, 3)], lives.Buffers);
        Assert.Equal(lives.BufferOf[1], lives.BufferOf[2]);
    }

    [Theory]
    [InlineData(8, 1)] // tensor 1 is read again later
    [InlineData(4, 2)] // the sizes differ
    public void It_does_not_while_another_reads_or_sizes_differ(long bytes, int laterInput)
        => Assert.Equal(3,
        Lifetimes.Of([new(1, [0], 8), new(2, [1], bytes, InPlaceOn: 1), new(3, [2, laterInput], 8)], results: 3)
        .Buffers.Count);

    [Fact]
    public void A_callers_tensor_is_never_overwritten()
        => Assert.Single(Lifetimes.Of([new(1, [0], 8, InPlaceOn: 0)], results: 1).Buffers);

    [Fact]
    public void Views_count_once_and_keep_their_base()
    {
        // 2 is a view of 1; after 1's last reader the view is still read.
        var lives = Lifetimes.Of([new(1, [0], 8), new(2, [1], 8, AliasOf: 1), new(3, [1], 4), new(4, [2, 3], 4)],
            results: 4);
        Assert.Equal([new Buffer(8, 0, 3), new Buffer(4, 2, 3), new Buffer(4, 3, 4)], lives.Buffers);
    }

    [Fact]
    public void Memory_with_a_living_view_is_not_overwritten()
        => Assert.NotEqual(0,
        Lifetimes.Of([new(1, [0], 8), new(2, [1], 8, AliasOf: 1), new(3, [1], 8, InPlaceOn: 1), new(4, [2, 3], 8)],
        results: 4).BufferOf[3]);

    [Fact]
    public void A_chain_in_place_needs_one_buffer_and_without_two_at_a_time()
    {
        TensorOp[] Chain(bool inPlace)
            => [.. Enumerable.Range(0, 10).Select(i => new TensorOp(i + 1, [i], 64, InPlaceOn: inPlace ? i : null))];
        Assert.Equal(64, OffsetPlan.Assign(Lifetimes.Of(Chain(true), results: 10).Buffers).Bytes);
        Assert.Equal(128, OffsetPlan.Assign(Lifetimes.Of(Chain(false), results: 10).Buffers).Bytes);
    }
}
