using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>Outputs and targets of one shape: libtorch would repeat the smaller one, and each number would be compared with all others.</summary>
internal static class Shapes
{
    /// <summary>Whether shapes differ by dimensions of one alone.</summary>
    public static bool AreAlike(IEnumerable<long> a, IEnumerable<long> b) => a.Where(d => d != 1).SequenceEqual(b.Where(d => d != 1));

    /// <summary>Both as fp64 in the target's shape; in a dispose scope.</summary>
    /// <exception cref="UsageException">They have other shapes.</exception>
    public static (Tensor Output, Tensor Target) Pair(string metric, Tensor output, Tensor target)
        => AreAlike(output.shape, target.shape)
        ? (output.reshape(target.shape).to_type(ScalarType.Float64), target.to_type(ScalarType.Float64))
        : throw new UsageException($"the metric {metric} compares number by number: the net gives ({string.Join(", ", output.shape)}), the targets are ({string.Join(", ", target.shape)})");
}
