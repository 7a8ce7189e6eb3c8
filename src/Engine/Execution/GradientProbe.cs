using Interactive.Graphs;
using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Tries on random numbers, with the real shapes and threads, whether an op's own backward in parts has autograd's bits. Kernels
/// choose the order of their sums by shape and threads, so what holds for all numbers of one such gradient holds for the next.
/// </summary>
/// <param name="batch">Samples in a batch.</param>
/// <param name="temporaryBytes">Bytes that temporary tensors of a backward may take before they weigh.</param>
internal sealed class GradientProbe(long batch, long temporaryBytes)
{
    private readonly Dictionary<string, int> known = [];

    /// <summary>The number of parts to run a node's backward in, or 0 for autograd's own. Overwrites the gradients of its parameters.</summary>
    public int Parts(Node node)
    {
        if (node.Op is not IBackwardInParts op || !Weighs(node) || node.Op.Parameters.All(p => !p.requires_grad)
            || node.Op.Parameters.Any(p => p.dtype != ScalarType.Float32 || p.device_type != DeviceType.CPU)) return 0;
        var key = NodeKind.Of(node);
        if (!known.TryGetValue(key, out var parts)) known[key] = parts = op.Parts(temporaryBytes).FirstOrDefault(n => HasBits(node, op, n));
        return parts;
    }

    // Elsewhere nothing is gained, and autograd's single call is a little faster.
    private bool Weighs(Node node)
        => node.Inputs[0].Bytes(batch) + node.Output.Bytes(batch) + 2 * node.Op.Parameters.Sum(p => p.numel() * p.element_size()) > temporaryBytes;

    private bool HasBits(Node node, IBackwardInParts op, int parts)
    {
        using var scope = NewDisposeScope();
        var trained = node.Op.Parameters.Where(p => p.requires_grad).ToArray();
        var before = trained.Select(p => randn(p.shape, p.dtype)).ToArray();
        Give(trained, before);
        var shape = node.Inputs[0].Shape.WithBatch(batch);
        var isRows = node.Op.WorksOnRows && shape.Length > 2;
        using var input = isRows ? randn(shape, node.Inputs[0].Type).flatten(0, -2).detach() : randn(shape, node.Inputs[0].Type);
        var wantsInput = node.Inputs[0].Producer is not null;
        if (wantsInput) input.requires_grad_(true);
        var root = node.Op.Forward([input], new RunMode(Training: true, Masked: true, Rows: isRows));
        var gradient = randn_like(root);
        autograd.backward([root], [gradient]);
        var expected = trained.Select(p => p.grad!).ToArray();
        Give(trained, before);
        op.AddParameterGradients(input.detach(), gradient, parts);
        return trained.Zip(expected).All(p => SameBits(p.First.grad!, p.Second))
            && (!wantsInput || SameBits(op.InputGradient(BlankTensor.Of(input.shape), gradient), input.grad!));
    }

    private static void Give(Parameter[] parameters, Tensor[] gradients)
    {
        for (var i = 0; i < parameters.Length; i++) parameters[i].grad = gradients[i].clone();
    }

    private static unsafe bool SameBits(Tensor a, Tensor b)
    {
        if (!ElementKernels.Takes(a) || !ElementKernels.Takes(b)) return a.Equals(b);
        const long Stretch = 1 << 28; // floats: a span cannot describe more than 2^31 bytes
        float* x = ElementKernels.Data(a), y = ElementKernels.Data(b);
        for (long at = 0; at < a.numel(); at += Stretch)
        {
            var bytes = sizeof(float) * (int)Math.Min(Stretch, a.numel() - at);
            if (!new ReadOnlySpan<byte>(x + at, bytes).SequenceEqual(new ReadOnlySpan<byte>(y + at, bytes))) return false;
        }
        return true;
    }
}
