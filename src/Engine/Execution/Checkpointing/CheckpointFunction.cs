using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>The autograd function behind <see cref="Checkpoint"/>: forward without a graph, backward through a second forward.</summary>
internal sealed class CheckpointFunction : autograd.SingleTensorFunction<CheckpointFunction>
{
    private sealed record Kept(nn.Module<Tensor, Tensor> Module, Tensor Input, RandomState Generator, bool NeedsGradient);

    public override string Name => "Checkpoint";

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, module) = ((Tensor)vars[0], (nn.Module<Tensor, Tensor>)vars[2]);
        ctx.set_materialize_grads(false);
        ctx.save_data("kept", new Kept(module, x.detach().DetachFromDisposeScope(), RandomState.Of(x.device), x.requires_grad));
        using var noGrad = no_grad();
        var y = module.call(x);
        return ReferenceEquals(y, x) ? y.alias() : y;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor gradient)
    {
        var kept = (Kept)ctx.get_data("kept");
        using var now = RandomState.Of(kept.Input.device);
        // Buffers must not move twice: the second run works on their values and puts them back.
        var owners = kept.Module is Checkpoint.IChain chain ? chain.Modules : [kept.Module];
        var buffers = owners.SelectMany(m => m.buffers()).Select(b => (Buffer: b, Value: b.clone())).ToArray();
        using var leaf = kept.Input.requires_grad_(kept.NeedsGradient);
        kept.Generator.PutBack();
        kept.Generator.Dispose();
        using (enable_grad())
        {
            using var y = kept.Module.call(leaf);
            now.PutBack();
            if (gradient is not null && y.requires_grad) autograd.backward([y], [gradient]);
            // Only now: the second run's graph would notice a write to a buffer that it saved.
            using (no_grad())
                foreach (var (buffer, value) in buffers)
                {
                    buffer.copy_(value);
                    value.Dispose();
                }
        }
        return [kept.NeedsGradient && leaf.grad is { } arriving ? arriving : null!, null!, null!]; // one for each argument
    }
}
