using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Activation checkpointing by hand (Chen et al. 2016), for any TorchSharp module under ordinary autograd: what the
/// module computes inside is not kept, and runs a second time when its backward is due. The bits are those of the
/// module itself: random numbers are replayed, buffers such as running statistics move once, tensors that it keeps in fields are
/// as they were. A module whose own code writes into buffers or parameters, asks a clock or a generator of .NET's runs once as without.
/// </summary>
public static class Checkpoint
{
    /// <summary>The module's result; backward runs the module again.</summary>
    /// <param name="module">Any module of one tensor; it must not write to its input.</param>
    /// <param name="x">Its input; the bytes are kept until backward.</param>
    /// <remarks>What the second run throws reaches the caller of backward as an <c>ExternalException</c> with the same
    /// words.</remarks>
    public static Tensor Run(nn.Module<Tensor, Tensor> module, Tensor x)
    {
        var trains = x.requires_grad
            || (module is IChain chain ? chain.Modules : [module]).Any(m => m.parameters().Any(p => p.requires_grad));
        if (!is_grad_enabled() || !trains || CheckpointFunction.IsForItsOutput) return module.call(x); // nothing is asked of a backward pass
        if ((module is IChain parts ? parts.Modules : [module]).Any(m => ForwardCode.RunsOnce(m, counts: false))) return module.call(x);
        // Autograd calls a function back only when an input asks for a gradient; the parameters inside always do.
        using var anchor = zeros(CheckpointFunction.Anchor, device: x.device, requires_grad: true);
        return CheckpointFunction.apply(x, anchor, module);
    }

    /// <summary>Runs modules one after the other in segments, each but the last checkpointed.</summary>
    /// <param name="modules">In order.</param>
    /// <param name="segments">1 to the number of modules; with 1 nothing is checkpointed.</param>
    /// <param name="x">Input of the first module.</param>
    /// <exception cref="UsageException">So many segments cannot be made.</exception>
    public static Tensor Sequential(IReadOnlyList<nn.Module<Tensor, Tensor>> modules, int segments, Tensor x)
    {
        if (segments < 1 || segments > modules.Count)
            throw new UsageException($"{modules.Count} modules cannot be cut into {segments} segments");
        var current = x;
        for (var s = 0; s < segments; s++)
        {
            var part =
                modules.Skip(modules.Count * s / segments)
                .Take(modules.Count * (s + 1) / segments - modules.Count * s / segments).ToArray();
            var next = s < segments - 1 ? Run(new ModuleChain(part), current) : ModuleChain.Run(part, current);
            if (s > 0 && !ReferenceEquals(next, current)) current.Dispose();
            current = next;
        }
        return current;
    }

    /// <summary>
    /// Modules in a row. They are not registered, so that no name or parameter list of theirs changes.
    /// </summary>
    private sealed class ModuleChain(IReadOnlyList<nn.Module<Tensor, Tensor>> parts)
        : nn.Module<Tensor, Tensor>("chain"), IChain
    {
        public IReadOnlyList<nn.Module> Modules => parts;

        public override Tensor forward(Tensor input) => Run(parts, input);

        public static Tensor Run(IReadOnlyList<nn.Module<Tensor, Tensor>> parts, Tensor input)
        {
            var current = input;
            foreach (var part in parts)
            {
                var next = part.call(current);
                if (!ReferenceEquals(current, input) && !ReferenceEquals(next, current)) current.Dispose();
                current = next;
            }
            return current;
        }
    }

    /// <summary>Modules that a wrapper runs without owning them.</summary>
    internal interface IChain
    {
        IReadOnlyList<nn.Module> Modules { get; }
    }
}
