using Interactive.Graphs;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// The autograd function behind <see cref="Checkpoint"/>: forward for the output alone, backward through a second forward.
/// </summary>
internal sealed class CheckpointFunction : autograd.SingleTensorFunction<CheckpointFunction>
{
    private sealed record Kept(nn.Module<Tensor, Tensor> Module, Tensor Input, RandomState Generator,
        IReadOnlyList<KeptField> Fields, bool NeedsGradient);

    public override string Name => "Checkpoint";

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, module) = ((Tensor)vars[0], (nn.Module<Tensor, Tensor>)vars[2]);
        ctx.set_materialize_grads(false);
        ctx.save_data("kept",
            new Kept(module, x.detach().DetachFromDisposeScope(), RandomState.Of(x.device), Fields(module), x.requires_grad));
        return ForItsOutput(module, x);
    }

    private static IReadOnlyList<nn.Module> Owners(nn.Module module) => module is Checkpoint.IChain chain ? chain.Modules : [module];

    // A count of runs counts them both.
    private static List<KeptField> Fields(nn.Module module) => [.. Owners(module).SelectMany(KeptTensors.Of).Where(f => !f.IsPlain)];

    /// <summary>Within a first run, whose graph is let go: a checkpoint inside it keeps nothing.</summary>
    [field: ThreadStatic] public static bool IsForItsOutput { get; private set; }

    // With a graph, as the second run: libtorch chooses kernels by who wants a gradient, and they differ in their last bits.
    private static Tensor ForItsOutput(nn.Module<Tensor, Tensor> module, Tensor x)
    {
        using var recording = enable_grad();
        using var leaf = x.detach().requires_grad_(x.requires_grad);
        var outer = IsForItsOutput;
        IsForItsOutput = true;
        try
        {
            using var y = module.call(leaf);
            return y.detach();
        }
        finally { IsForItsOutput = outer; }
    }

    // libtorch calls this: an exception must not leave it. The backward goes on with a gradient of zeros, and its
    // caller gets the error.
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor gradient)
    {
        var kept = (Kept)ctx.get_data("kept");
        using var input = kept.Input;
        var error = LastError.Take(); // of another checkpoint, earlier in this backward: nothing more is worth running
        Tensor? arriving = null;
        if (error == 0)
            try { arriving = Again(kept, gradient); }
            catch (Exception e) when (LastError.IsAvailable
                && kept.Input.device_type == DeviceType.CPU)
            { error = LastError.Text(e); }
            catch (Exception e)
            {
                // A GPU's backward runs on a thread of libtorch's, whose errors reach the caller where libtorch itself
                // finds them.
                Console.Error.WriteLine($"the second run of {kept.Module.GetName()} failed: {e.GetType().Name}: {e.Message}");
                return [null!, zeros(MisfitAnchor, device: kept.Input.device), null!];
            }
        if (error != 0)
        {
            if (kept.NeedsGradient) arriving = zeros_like(input).requires_grad_(false);
            input.Dispose();
            LastError.Put(error); // last: any native call would empty it
        }
        return [arriving!, null!, null!]; // one for each argument
    }

    /// <summary>Elements of the anchor, and a number of gradients that do not fit it.</summary>
    public const long Anchor = 2, MisfitAnchor = 3;

    private static Tensor? Again(Kept kept, Tensor gradient)
    {
        using var now = RandomState.Of(kept.Input.device);
        // Buffers must not move twice: the second run works on their values and puts them back.
        var (fields, buffers) = (Fields(kept.Module), Owners(kept.Module).SelectMany(m => m.buffers()).Select(b => (Buffer: b, Value: b.clone())).ToArray());
        foreach (var field in kept.Fields) field.PutBack();
        var leaf = kept.Input.requires_grad_(kept.NeedsGradient);
        kept.Generator.PutBack();
        kept.Generator.Dispose();
        try
        {
            using var gradients = enable_grad();
            using var y = kept.Module.call(leaf);
            now.PutBack();
            if (gradient is not null && y.requires_grad) autograd.backward([y], [gradient]);
        }
        finally
        {
            now.PutBack();
            // Only now: the second run's graph would notice a write to a buffer that it saved.
            using var noGradients = no_grad();
            foreach (var field in fields) field.PutBack();
            foreach (var (buffer, value) in buffers)
            {
                buffer.copy_(value);
                value.Dispose();
            }
        }
        return kept.NeedsGradient ? leaf.grad : null;
    }
}
