namespace Interactive.Graphs;

/// <summary>
/// Rewrites a graph so that each op is given its inputs in the form that it wants, an element type or a memory format:
/// nodes that convert stand where a value is read in another form than it has, one a value and form. Everything that
/// runs or plans a graph then follows by itself.
/// </summary>
internal static class GraphConversion
{
    /// <summary>The rewritten graph. The given one stays as it is and keeps owning the modules.</summary>
    /// <param name="graph">What is rewritten.</param>
    /// <param name="wanted">The form in which an op takes its inputs, given these as they come.</param>
    /// <param name="has">Whether a value is in a form, or is nothing that has one.</param>
    /// <param name="conversion">The op that gives a value a form.</param>
    /// <param name="result">The form of one of the given graph's outputs.</param>
    public static Graph Make<TForm>(Graph graph, Func<Op, IReadOnlyList<Value>, TForm> wanted,
        Func<Value, TForm, bool> has, Func<Value, TForm, Op> conversion, Func<Value, TForm> result)
    {
        var builder = new GraphBuilder(graph.Name, graph.Input.Shape, graph.Input.Type);
        var converted = new Dictionary<(Value Value, TForm Form), Value>();
        var values = new Value[graph.Nodes.Count + 1];
        values[0] = builder.Input;
        foreach (var node in graph.Nodes)
        {
            Value[] inputs = [.. node.Inputs.Select(v => values[v.Id])];
            var form = wanted(node.Op, inputs);
            values[node.Output.Id] = builder.Add(node.Op, node.Name, [.. inputs.Select(v => In(v, form))]);
        }
        return builder.BuildView([.. graph.Outputs.Select(o => In(values[o.Id], result(o)))], graph.InputGradients);

        Value In(Value value, TForm form)
        {
            if (has(value, form)) return value;
            if (converted.TryGetValue((value, form), out var made)) return made;
            return converted[(value, form)] = builder.Add(conversion(value, form),
                $"{value.Name}.{$"{form}".ToLowerInvariant()}", value);
        }
    }
}
