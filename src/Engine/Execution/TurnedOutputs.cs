using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// The gradients of outputs that are no contiguous tensors, such as scores turned by <c>transpose</c>, as autograd hands them on. What it
/// accumulates in a leaf it lays as the leaf is laid, and sums over that have other bits.
/// </summary>
internal static class TurnedOutputs
{
    /// <summary>One for each leaf; null where the leaf is contiguous, wants none, or the loss does not reach it. The loss's graph stays, for its backward. The caller disposes them.</summary>
    /// <param name="loss">A scalar.</param>
    /// <param name="leaves">Of which it was made.</param>
    /// <param name="scale">Multiplies the gradients.</param>
    public static Tensor?[] Gradients(Tensor loss, IReadOnlyList<Tensor> leaves, double scale = 1)
    {
        var found = new Tensor?[leaves.Count];
        var turned = Enumerable.Range(0, leaves.Count).Where(i => leaves[i].requires_grad && !leaves[i].is_contiguous()).ToArray();
        if (turned.Length == 0 || !loss.requires_grad) return found;
        using var start = full_like(loss.detach(), scale);
        var gradients = autograd.grad([loss], [.. turned.Select(i => leaves[i])], [start], retain_graph: true, allow_unused: true);
        for (var i = 0; i < turned.Length; i++)
            if (gradients[i] is { IsInvalid: false } gradient)
                using (gradient) found[turned[i]] = gradient.clone(); // as it lies; autograd may hand one tensor to two outputs
        return found;
    }
}
