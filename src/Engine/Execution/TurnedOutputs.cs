using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// The gradients of outputs as autograd hands them on, where they are laid otherwise than a contiguous tensor: scores turned by
/// <c>transpose</c>, in the net or in the loss. What autograd accumulates in a leaf it lays as the leaf is laid, and sums over that have
/// other bits.
/// </summary>
internal static class TurnedOutputs
{
    /// <summary>Which leaves are not contiguous; before their bytes go.</summary>
    public static bool[] Among(IReadOnlyList<Tensor> leaves) => [.. leaves.Select(leaf => leaf.requires_grad && !leaf.is_contiguous())];

    /// <summary>Whether a loss may turn this leaf, so that its gradient arrives otherwise laid than the leaf lies.</summary>
    public static bool MayTurn(Tensor leaf) => leaf.requires_grad && leaf.dim() > 1;

    /// <summary>Those of all leaves that a loss of a user's own turns, or the net has turned; before the loss's backward.</summary>
    public static Tensor?[] Gradients(Tensor loss, IReadOnlyList<Tensor> leaves)
        => Gradients(loss, leaves, Among(leaves), asked: [.. leaves.Select(MayTurn)]);

    /// <summary>One for each leaf; null where it is not asked for, or the loss does not reach it. The loss's graph stays, for its backward. The caller disposes them.</summary>
    /// <param name="loss">A scalar.</param>
    /// <param name="leaves">Of which it was made.</param>
    /// <param name="turned">Those that are not contiguous.</param>
    /// <param name="scale">Multiplies the gradients.</param>
    /// <param name="asked">Others that are asked for as well, of whose gradients those are given that are not contiguous; default none.</param>
    public static Tensor?[] Gradients(Tensor loss, IReadOnlyList<Tensor> leaves, bool[] turned, double scale = 1, bool[]? asked = null)
    {
        var found = new Tensor?[leaves.Count];
        var wanted = Enumerable.Range(0, leaves.Count).Where(i => turned[i] || asked?[i] == true).ToArray();
        if (wanted.Length == 0 || !loss.requires_grad) return found;
        using var start = full_like(loss.detach(), scale);
        var gradients = autograd.grad([loss], [.. wanted.Select(i => leaves[i])], [start], retain_graph: true, allow_unused: true);
        for (var i = 0; i < wanted.Length; i++)
            if (gradients[i] is { IsInvalid: false } gradient)
                using (gradient)
                    if (turned[wanted[i]] || !gradient.is_contiguous()) found[wanted[i]] = gradient.clone(); // as it lies; autograd may hand one tensor to two outputs
        return found;
    }
}
