using Interactive.Runtime;

namespace Interactive.Graphs.Tracing;

/// <summary>One step of a run: an operator, or a module that is not looked into.</summary>
/// <param name="Call">The operator; null for a module.</param>
/// <param name="Span">The innermost module in which it ran; for a module, itself.</param>
/// <param name="Tensors">For each tensor it reads (elements of lists singly, absent ones left out) the names it goes
/// by: more than one where an operator gave back what it was given.</param>
/// <param name="Results">Its tensors.</param>
/// <param name="Effects">Operators before it that only move buffers.</param>
internal sealed record TraceStep(RecordedCall? Call, ModuleSpan? Span, IReadOnlyList<TensorRef[]> Tensors,
    IReadOnlyList<NativeValue> Results, IReadOnlyList<TraceStep> Effects)
{
    /// <summary>The operator writes into the first tensor it reads.</summary>
    public bool IsInPlace
        => Call is { } call && call.Name.EndsWith('_') && !call.Name.EndsWith("__", StringComparison.Ordinal);
    /// <summary>It gave back the very tensor that it read.</summary>
    public bool GivesBack { get; init; }
    /// <summary>What it is called in messages.</summary>
    public string Name => Call?.FullName ?? Span!.Name;

    /// <summary>All tensors of some values, elements of lists singly.</summary>
    public static IEnumerable<NativeValue> Flat(IEnumerable<NativeValue> values)
    {
        foreach (var value in values)
            if (value.Tag == ValueTag.Tensor) yield return value;
            else if (value.Tag == ValueTag.List)
                foreach (var element in value.Elements.ToArray())
                    if (element.Tag == ValueTag.Tensor) yield return element;
    }
}
