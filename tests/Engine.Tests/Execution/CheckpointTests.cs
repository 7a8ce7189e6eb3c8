using Interactive.Execution;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Execution;

public class CheckpointTests
{
    private static nn.Module<Tensor, Tensor>[] Blocks()
        => [.. Enumerable.Range(0, 6).Select(i => (nn.Module<Tensor, Tensor>)nn.Sequential(
        nn.Conv2d(i == 0 ? 3 : 8, 8, 3, padding: 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.3)))];

    private static (double Loss, long Peak, List<Tensor> Tensors) Step(nn.Module<Tensor, Tensor>[] blocks,
        Func<Tensor, Tensor> forward, bool inputNeedsGradient)
    {
        foreach (var p in blocks.SelectMany(b => b.parameters())) p.grad = null;
        var start = blocks.SelectMany(b => b.buffers()).Select(b => b.clone()).ToArray();
        manual_seed(3);
        var x = randn(4, 3, 16, 16).requires_grad_(inputNeedsGradient);
        var result = 0.0;
        var peak = LiveTensors.Peak(() =>
        {
            using var y = forward(x);
            using var loss = y.pow(2).mean();
            loss.backward();
            result = loss.item<float>();
        });
        var tensors =
            blocks.SelectMany(b => b.parameters()).Select(p => p.grad!.clone())
            .Concat(blocks.SelectMany(b => b.buffers()).Select(b => b.clone())).ToList();
        if (inputNeedsGradient) tensors.Add(x.grad!.clone());
        using (no_grad())
            foreach (var (buffer, value) in blocks.SelectMany(b => b.buffers()).Zip(start)) buffer.copy_(value);
        return (result, peak, tensors);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Checkpointed_modules_have_plain_bits_with_dropout_and_batch_norm(bool inputNeedsGradient)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var blocks = Blocks();
        Tensor Plain(Tensor x) => blocks.Aggregate(x, (v, b) => b.call(v));
        var expected = Step(blocks, Plain, inputNeedsGradient);
        foreach (var run in new Func<Tensor, Tensor>[]
        {
            x => blocks.Aggregate(x, (v, b) => Checkpoint.Run(b, v)),
            x => Checkpoint.Sequential(blocks, 3, x),
            x => Checkpoint.Sequential(blocks, 1, x),
        })
        {
            var actual = Step(blocks, run, inputNeedsGradient);
            Assert.Equal(expected.Loss, actual.Loss);
            Assert.Equal(expected.Tensors.Count, actual.Tensors.Count);
            foreach (var (a, b) in expected.Tensors.Zip(actual.Tensors)) Assert.True(a.Equals(b));
        }
    }

    [Fact]
    public void Segments_hold_fewer_bytes_than_plain_autograd()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var blocks = Blocks();
        Tensor Plain(Tensor x)
        {
            var v = x;
            foreach (var block in blocks) v = block.call(v);
            return v;
        }
        var plain = Step(blocks, Plain, false).Peak;
        Assert.InRange((double)Step(blocks, x => Checkpoint.Sequential(blocks, 3, x), false).Peak / plain, 0, 0.8);
    }

    [Fact]
    public void Segments_out_of_range_are_refused()
        => Assert.Contains("7 segments",
        Assert.Throws<UsageException>(() => Checkpoint.Sequential(Blocks(), 7, zeros(1, 3, 8, 8))).Message);

    [Fact]
    public void A_frozen_block_takes_no_part_in_backward()
    {
        using var scope = NewDisposeScope();
        var (frozen, head) = (nn.Linear(4, 4), nn.Linear(4, 2));
        foreach (var parameter in frozen.parameters()) parameter.requires_grad = false;
        var x = ones(3, 4);
        head.call(Checkpoint.Run(frozen, x)).sum().backward();
        var gradient = head.weight!.grad!.clone();
        head.zero_grad();
        head.call(frozen.call(x)).sum().backward();
        Assert.True(gradient.Equals(head.weight!.grad!));
    }

    [Fact]
    public void A_part_may_return_its_input()
    {
        using var scope = NewDisposeScope();
        var linear = nn.Linear(4, 4);
        var y = Checkpoint.Sequential([linear, nn.Identity(), nn.Identity()], 3, ones(2, 4));
        Assert.True(linear.call(ones(2, 4)).Equals(y));
    }

    private sealed class ThrowsAgain(int at = 2) : nn.Module<Tensor, Tensor>("again")
    {
        private int runs;
        public override Tensor forward(Tensor x)
            => ++runs == at ? throw new InvalidOperationException("mine") : nn.functional.dropout(x, 0.5) * 2;
    }

    [Fact]
    public void What_the_second_run_throws_reaches_the_caller_of_backward()
    {
        using var scope = NewDisposeScope();
        var first = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4));
        Tensor Loss(nn.Module<Tensor, Tensor> second)
            => Checkpoint.Run(second, Checkpoint.Run(first, ones(3, 4, requires_grad: true))).sum();
        var loss = Loss(new ThrowsAgain());
        var buffers = first.buffers().Select(b => b.clone()).ToArray();
        var generator = torch.random.get_rng_state();
        var thrown = Assert.Throws<System.Runtime.InteropServices.ExternalException>(() => loss.backward());
        Assert.Equal("InvalidOperationException: mine", thrown.Message);
        Assert.True(generator.Equals(torch.random.get_rng_state()));
        Assert.All(first.buffers().Zip(buffers), pair => Assert.True(pair.First.Equals(pair.Second)));

        // The next backward knows nothing of it.
        foreach (var parameter in first.parameters()) parameter.grad = null;
        Loss(nn.Identity()).backward();
        Assert.All(first.parameters(), parameter => Assert.NotNull(parameter.grad));
    }

    [Fact]
    public void It_reaches_the_caller_through_a_checkpoint_within_another_and_through_grad()
    {
        using var scope = NewDisposeScope();
        var thrown = Assert.Throws<System.Runtime.InteropServices.ExternalException>(()
            => Checkpoint.Run(new Around(new ThrowsAgain(at: 3)), ones(3, 4, requires_grad: true)).sum().backward());
        Assert.Equal("InvalidOperationException: mine", thrown.Message);
        var x = ones(3, 4, requires_grad: true);
        var y = Checkpoint.Run(new ThrowsAgain(), x).sum();
        Assert.Contains("mine",
            Assert.Throws<System.Runtime.InteropServices.ExternalException>(() => autograd.grad([y], [x])).Message);
    }

    private sealed class Around(nn.Module<Tensor, Tensor> inner) : nn.Module<Tensor, Tensor>("around")
    {
        public override Tensor forward(Tensor x) => Checkpoint.Run(inner, x) + 1;
    }
}
