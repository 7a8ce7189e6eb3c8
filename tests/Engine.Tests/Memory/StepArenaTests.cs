using Interactive.Engine.Tests.Execution;
using Interactive.Engine.Tests.Models;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Memory;

public class StepArenaTests
{
    [Theory]
    [InlineData("lenet5")]
    [InlineData("resnet18")]
    [InlineData("densenet121")]
    [InlineData("gpt")]
    public void A_repeated_step_hits_the_arena_with_the_same_bits(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = SmallModels.Create(name);
        graph.train();
        var (x, y) = SmallModels.Batch(graph);
        using var arena = new StepArena();
        using var executor = new Executor(graph);
        for (var step = 0; step < 2; step++) arena.Run(() => Step(graph, executor, x, y));
        Assert.Equal(0, arena.Hits);
        LiveTensors.Settle();
        var live = MemoryMeter.Current.LiveBytes;
        var expected = Bits(graph, () => Step(graph, executor, x, y));
        for (var step = 0; step < 3; step++)
        {
            var actual = Bits(graph, () => arena.Run(() => Step(graph, executor, x, y)));
            Assert.Equal((0, 0), (arena.Misses, arena.Escapes));
            Assert.True(arena.Hits > graph.Nodes.Count);
            Assert.Equal(expected, actual);
        }
        Assert.Equal(1, arena.Recordings);
        Assert.InRange((double)arena.PackedBytes / arena.LowerBound, 1, 1.1);
        Assert.Equal(live, MemoryMeter.Current.LiveBytes);
    }

    [Fact]
    public void A_tensor_that_escapes_keeps_its_bytes_and_is_counted()
    {
        using var arena = new StepArena();
        Tensor? escaped = null;
        for (var step = 0; step < 3; step++) arena.Run(() => Temporaries(1));
        arena.Run(() =>
        {
            using var rest = ones(500);
            escaped = ones(1000).fill_(7);
            return 0;
        });
        Assert.Equal(1, arena.Escapes);
        for (var step = 0; step < 4; step++) Assert.Equal(1500f, arena.Run(() => Temporaries(1)));
        Assert.Equal(7000f, escaped!.sum().item<float>());
        arena.Dispose();
        Assert.Equal(7000f, escaped.sum().item<float>());
        escaped.Dispose();
    }

    [Fact]
    public void A_tensor_that_escapes_every_step_stays_outside()
    {
        using var arena = new StepArena();
        using var held = new DisposableList();
        for (var step = 0; step < 5; step++)
            arena.Run(() =>
            {
                held.Add(ones(1000).fill_(step));
                return Temporaries(1);
            });
        Assert.Equal((0, 0), (arena.Misses, arena.Escapes));
        for (var step = 0; step < 5; step++) Assert.Equal(1000.0f * step, held[step].sum().item<float>());
    }

    [Fact]
    public void Another_sequence_falls_back_and_is_recorded_anew()
    {
        using var arena = new StepArena();
        for (var step = 0; step < 3; step++) arena.Run(() => Temporaries(1));
        Assert.Equal((0, 1), (arena.Misses, arena.Recordings));
        Assert.Equal(3000f, arena.Run(() => Temporaries(2)));
        Assert.True(arena.Misses > 0);
        for (var step = 0; step < 2; step++) Assert.Equal(3000f, arena.Run(() => Temporaries(2)));
        Assert.Equal((0, 2), (arena.Misses, arena.Recordings));
    }

    [Fact]
    public void A_life_longer_than_recorded_blocks_reuse()
    {
        using var arena = new StepArena();
        for (var step = 0; step < 3; step++) arena.Run(() => Overlapping(false));
        Assert.Equal(0, arena.Misses);
        Assert.Equal(3000f, arena.Run(() => Overlapping(true)));
        Assert.True(arena.Misses > 0);
        Assert.Equal(0, arena.Escapes);
    }

    [Fact]
    public void Steps_of_two_arenas_do_not_nest()
    {
        using var outer = new StepArena();
        using var inner = new StepArena();
        outer.Run(() => 0);
        inner.Run(() => 0);
        Assert.Throws<InvalidOperationException>(() => outer.Run(() => inner.Run(() => 0)));
        Assert.Equal(1500f, outer.Run(() => Temporaries(1)));
    }

    private static double Step(Graph graph, Executor executor, Tensor x, Tensor y)
    {
        using (no_grad())
            foreach (var parameter in graph.parameters())
                using (var gradient = parameter.grad) gradient?.zero_();
        manual_seed(3);
        return executor.Step(x, y);
    }

    private static string Bits(Graph graph, Func<double> step)
    {
        var buffers = graph.named_buffers().Select(b => (b.buffer, Was: b.buffer.clone())).ToList();
        var loss = step();
        using (no_grad())
            foreach (var (buffer, was) in buffers)
            {
                buffer.copy_(was);
                was.Dispose();
            }
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        foreach (var parameter in graph.parameters())
            using (var gradient = parameter.grad)
            using (var flat = gradient!.contiguous()) hash.AppendData(flat.bytes);
        return $"{loss:R} {Convert.ToHexString(hash.GetHashAndReset())}";
    }

    // The sum tells whether both kept what was written.
    private static float Temporaries(int scale)
    {
        using var first = ones(500 * scale);
        using var second = ones(1000 * scale);
        using var a = first.sum();
        using var b = second.sum();
        return a.item<float>() + b.item<float>();
    }

    private static float Overlapping(bool hold)
    {
        var first = ones(1000);
        if (!hold) first.Dispose();
        using var second = ones(1000).fill_(2);
        using var sum = second.sum();
        if (!hold) return sum.item<float>();
        using var kept = first.sum();
        first.Dispose();
        return sum.item<float>() + kept.item<float>();
    }

    private sealed class DisposableList : List<Tensor>, IDisposable
    {
        public void Dispose() => ForEach(t => t.Dispose());
    }
}
