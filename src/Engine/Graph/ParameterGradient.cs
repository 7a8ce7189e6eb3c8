using Interactive.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>Gathers a parameter's gradient as autograd does: the first is handed over, later ones are added.</summary>
internal static class ParameterGradient
{
    /// <summary>Takes over a gradient of this parameter.</summary>
    public static void Add(Parameter parameter, Tensor gradient)
    {
        using var sum = parameter.grad;
        if (sum is not null)
        {
            sum.add_(gradient, Scalars.One);
            gradient.Dispose();
        }
        else if (gradient.is_contiguous()) parameter.grad = gradient;
        else
            using (gradient) parameter.grad = gradient.contiguous();
    }
}
