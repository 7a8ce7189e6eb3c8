using Interactive.Graphs;

namespace Interactive.Execution;

/// <summary>Which nodes do the same work: one op, one set of attributes, the same shapes and types.</summary>
internal static class NodeKind
{
    /// <summary>Equal for nodes that do the same work.</summary>
    public static string Of(Node node)
    {
        var attributes = node.Op.Attributes.OrderBy(a => a.Key, StringComparer.Ordinal)
            .Select(a => $"{a.Key}={(a.Value is Array list ? string.Join(',', list.Cast<object>()) : FormattableString.Invariant($"{a.Value}"))}");
        var inputs = node.Inputs.Select(v => $"{v.Shape} {v.Type} {v.Format}{(v.NeedsGradient ? "" : " fixed")}");
        var trained = string.Concat(node.Op.Parameters.Select(p => p.requires_grad ? 't' : 'f'));
        return $"{node.Op.Kind} {(node.Op.IsTraining(true) ? "" : "eval ")}{(node.Output.NeedsGradient ? trained : "frozen")} {string.Join(' ', attributes)}: {string.Join(", ", inputs)} -> {node.Output.Shape} {node.Output.Type}";
    }
}
