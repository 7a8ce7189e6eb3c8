using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>What objectives ask of outputs and targets, in words.</summary>
internal static class Fits
{
    /// <summary>True for types that gradients are made for.</summary>
    public static bool IsFloat(ScalarType type)
        => type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;

    /// <summary>The outputs' shapes, one behind the other.</summary>
    public static string Shapes(IReadOnlyList<Value> outputs)
        => string.Join(" and ", outputs.Select(o => o.Shape.ToString()));

    /// <summary>Null when there is one target with the numbers of the one output, of its shape.</summary>
    public static string? SameShape(string name, IReadOnlyList<Value> outputs, IReadOnlyList<Tensor> targets)
    {
        if (outputs is not [var output])
            return $"{name} takes one output, the net gives {outputs.Count} ({Shapes(outputs)})";
        if (targets is not [var target]) return $"{name} takes one target, the batch has {targets.Count}";
        if (!IsFloat(target.dtype)) return $"{name} takes floating-point targets, got {target.dtype}";
        if (target.dtype != output.Type)
            return $"the net gives {output.Type}, the targets are {target.dtype}: {name} takes one type";
        var expected = output.Shape.WithBatch(target.dim() > 0 ? target.shape[0] : 1);
        return target.shape.SequenceEqual(expected) ? null
            : $"the net gives {output.Shape} for a sample, so {name} takes targets ({string.Join(", ", expected)}), got ({string.Join(", ", target.shape)})";
    }

    /// <summary>
    /// Null when all numbers lie between two, else what is said of the first that does not, with its sample; NaN does
    /// not.
    /// </summary>
    public static string? Outside(Tensor target, double least, double most, Func<double, long, string> words)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var wrong = target.ge(least).logical_and(target.le(most)).logical_not().flatten();
        if (!wrong.any().item<bool>()) return null;
        var at = wrong.to_type(ScalarType.Int64).argmax().item<long>();
        return words(target.flatten()[at].to_type(ScalarType.Float64).item<double>(),
            at / (target.numel() / target.shape[0]));
    }

    /// <summary>Numbers between 0 and 1 of an output's shape and type.</summary>
    public static Tensor Random(Value output, long batch)
    {
        using var wide = rand(output.Shape.WithBatch(batch));
        return wide.to_type(output.Type);
    }
}
