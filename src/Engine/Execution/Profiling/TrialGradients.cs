using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>Gradients that a node's parameters have while it is tried, and not after.</summary>
internal sealed class TrialGradients : IDisposable
{
    private readonly Parameter[] parameters;

    /// <param name="parameters">Without gradients; those that are trained count.</param>
    /// <param name="make">Zeros to begin with, as in any step but the first; else none.</param>
    public TrialGradients(IEnumerable<Parameter> parameters, bool make = true)
    {
        this.parameters = [.. parameters.Where(p => p.requires_grad)];
        using var noGrad = no_grad();
        foreach (var parameter in make ? this.parameters : [])
            using (var zero = zeros_like(parameter)) parameter.grad = zero;
    }

    public void Dispose()
    {
        foreach (var parameter in parameters) parameter.grad = null;
    }
}
