using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>Objectives from functions.</summary>
public static class Objective
{
    /// <summary>A loss of several outputs and targets.</summary>
    /// <param name="name">What it is called; profiles are kept under it, so another function needs another
    /// name.</param>
    /// <param name="loss">(outputs, targets) to a scalar with its autograd graph: a mean over the batch's
    /// samples.</param>
    /// <param name="readsOutput">Whether its backward reads the outputs; when it does not, their bytes go before
    /// backward.</param>
    public static IObjective From(string name, Func<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>, Tensor> loss,
        bool readsOutput = true)
        => new FunctionObjective(name, loss, readsOutput);

    /// <summary>
    /// A loss of one output and one target: (output, target) to a scalar, a mean over the batch's samples.
    /// </summary>
    public static IObjective From(Func<Tensor, Tensor, Tensor> loss, bool readsOutput = true)
        => new FunctionObjective($"{loss.Method.DeclaringType?.FullName}.{loss.Method.Name}",
        (outputs, targets) => loss(outputs[0], targets[0]), readsOutput);

    /// <summary>
    /// The loss alone, without its graph; one that asks autograd for gradients by itself, as a penalty does, is given
    /// outputs that have them.
    /// </summary>
    internal static Tensor Value(this IObjective objective, IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets)
    {
        using var scope = NewDisposeScope();
        try
        {
            using var noGrad = no_grad();
            return objective.Loss(outputs, targets).MoveToOuterDisposeScope();
        }
        catch (System.Runtime.InteropServices.ExternalException)
        {
            using var recording = enable_grad();
            var leaves = outputs.Select(o => Fits.IsFloat(o.dtype) ? o.detach().requires_grad_(true) : o).ToArray();
            return objective.Loss(leaves, targets).detach().MoveToOuterDisposeScope();
        }
    }

    /// <summary>Whether it is the user's code, and no loss of the engine's.</summary>
    internal static bool IsUsers(this IObjective objective)
        => objective is FunctionObjective || objective.GetType().Assembly != typeof(Objective).Assembly;

    /// <summary>How an error speaks of it. A lambda's name is the compiler's.</summary>
    internal static string Called(this IObjective objective)
        => objective.Name.Contains('<', StringComparison.Ordinal) ? "the loss" : $"the objective {objective.Name}";
}
