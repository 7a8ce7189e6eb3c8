using Interactive.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Gradients of parameters that several nodes use. Autograd sums the uses before it adds to what was accumulated: this
/// keeps that order of additions.
/// </summary>
internal sealed class TiedGradients(IReadOnlyList<Parameter> parameters)
{
    private readonly Dictionary<nint, Tensor> earlier = []; // what they had accumulated before this step

    /// <summary>Sets aside what was accumulated, before a backward.</summary>
    public void SetAside()
    {
        foreach (var parameter in parameters)
            if (parameter.grad is { } gradient)
            {
                earlier[parameter.Identity()] = gradient;
                parameter.grad = null;
            }
    }

    /// <summary>
    /// Adds the step's sum to what was set aside, once all uses have added theirs; does nothing for other parameters.
    /// </summary>
    public void Join(Parameter parameter)
    {
        if (!earlier.Remove(parameter.Identity(), out var sum)) return;
        using (no_grad())
            if (parameter.grad is { } added) sum.add_(added, Scalars.One);
        parameter.grad = sum;
    }

    /// <summary>After a backward that was broken off: what was set aside counts again.</summary>
    public void PutBack()
    {
        foreach (var parameter in parameters) Join(parameter);
    }
}
