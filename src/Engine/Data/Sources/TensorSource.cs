using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>Data sets of what lies in memory: tensors, or arrays of .NET's.</summary>
public static class TensorSource
{
    /// <summary>Tensors, one sample a row of each.</summary>
    /// <param name="input">(samples, …) of any type.</param>
    /// <param name="target">(samples, …) of any type.</param>
    public static TensorDataset Create(Tensor input, Tensor target) => new(input, target);

    /// <summary>Rows of numbers with a class each: fp32 and Int64.</summary>
    /// <exception cref="UsageException">There are not as many classes as rows.</exception>
    public static TensorDataset Create(float[,] input, long[] target) => Own(tensor(input), tensor(target));

    /// <summary>Rows of numbers with rows of numbers: fp32.</summary>
    /// <exception cref="UsageException">There are not as many of the one as of the other.</exception>
    public static TensorDataset Create(float[,] input, float[,] target) => Own(tensor(input), tensor(target));

    private static TensorDataset Own(Tensor input, Tensor target)
    {
        using (input)
        using (target) return new TensorDataset(input, target);
    }
}
