using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>What objectives ask of outputs and targets, in words.</summary>
internal static class Fits
{
    /// <summary>True for types that gradients are made for.</summary>
    public static bool IsFloat(ScalarType type) => type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;

    /// <summary>The outputs' shapes, one behind the other.</summary>
    public static string Shapes(IReadOnlyList<Value> outputs) => string.Join(" and ", outputs.Select(o => o.Shape.ToString()));

    /// <summary>Null when there is one target with the numbers of the one output, of its shape.</summary>
    public static string? SameShape(string name, IReadOnlyList<Value> outputs, IReadOnlyList<Tensor> targets)
    {
        if (outputs is not [var output]) return $"{name} takes one output, the net gives {outputs.Count} ({Shapes(outputs)})";
        if (targets is not [var target]) return $"{name} takes one target, the batch has {targets.Count}";
        if (!IsFloat(target.dtype)) return $"{name} takes floating-point targets, got {target.dtype}";
        if (target.dtype != output.Type) return $"the net gives {output.Type}, the targets are {target.dtype}: {name} takes one type";
        var expected = output.Shape.WithBatch(target.dim() > 0 ? target.shape[0] : 1);
        return target.shape.SequenceEqual(expected) ? null
            : $"the net gives {output.Shape} for a sample, so {name} takes targets ({string.Join(", ", expected)}), got ({string.Join(", ", target.shape)})";
    }
}
