using Interactive.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// Gathers a parameter's gradient as autograd does: the first is handed over, later ones are added; one of another type
/// than the parameter's is made of that first.
/// </summary>
internal static class ParameterGradient
{
    /// <summary>Takes over a gradient of this parameter.</summary>
    public static void Add(Parameter parameter, Tensor gradient)
    {
        if (gradient.dtype != parameter.dtype)
        {
            using (gradient) Add(parameter, gradient.to_type(parameter.dtype));
            return;
        }
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

    /// <summary>
    /// Takes over the three results of a backward kernel (of the input, a weight and a bias), where each was wanted,
    /// and returns the first.
    /// </summary>
    public static Tensor? Take(ReadOnlySpan<nint> results, long[] wanted, Parameter? weight, Parameter? bias)
    {
        if (Found(results[1], wanted[1]) is { } ofWeight) Add(weight!, ofWeight);
        if (Found(results[2], wanted[2]) is { } ofBias) Add(bias!, ofBias);
        return Found(results[0], wanted[0]);

        static Tensor? Found(nint handle, long wanted)
        {
            var found = Tensor.UnsafeCreateTensor(handle);
            if (wanted != 0) return found;
            found.Dispose();
            return null;
        }
    }

    /// <summary>Which of the three are wanted, as such a kernel takes it.</summary>
    public static long[] Wanted(bool input, Parameter? weight, Parameter? bias)
        => [input ? 1 : 0, weight is { requires_grad: true } ? 1 : 0, bias is { requires_grad: true } ? 1 : 0];
}
