using Interactive.Graphs.Ops;
using Interactive.Runtime;

namespace Interactive.Graphs.Tracing;

/// <summary>Reads the arguments of one operator from three runs: what is a tensor of the graph, what follows the batch, what the mode.</summary>
internal sealed class ArgumentReader(TraceComparison trace, Lowering lowering, TraceStep first, TraceStep second, TraceStep evaluation)
{
    private int tensor;

    /// <summary>The arguments; what they read of the graph is added to <paramref name="inputs"/>.</summary>
    public AtenArgument[] Read(List<Value> inputs)
    {
        var (a, b, c) = (first.Call!.Arguments, second.Call!.Arguments, evaluation.Call!.Arguments);
        var arguments = new AtenArgument[a.Length];
        for (var i = 0; i < a.Length; i++) arguments[i] = a[i].Tag == ValueTag.List && b[i].Tag == a[i].Tag && c[i].Tag == a[i].Tag ? List(i, inputs) : Read(a[i], b[i], c[i], inputs);
        return arguments;
    }

    // Its elements as they were when the operator began: a graph inside the module fills its lists anew for each run.
    private ListArgument List(int argument, List<Value> inputs)
    {
        var (x, y, z) = (first.Call!.Lists[argument]!, second.Call!.Lists[argument]!, evaluation.Call!.Lists[argument]!);
        if (x.Length != y.Length || x.Length != z.Length) throw Differs();
        return new ListArgument(first.Call.Arguments[argument], [.. Enumerable.Range(0, x.Length).Select(i => Read(x[i], y[i], z[i], inputs))]);
    }

    private AtenArgument Read(NativeValue a, NativeValue b, NativeValue c, List<Value> inputs)
    {
        if (a.Tag != b.Tag || a.Tag != c.Tag) throw Differs();
        switch (a.Tag)
        {
            case ValueTag.Tensor:
                var (reference, other) = (first.Tensors[tensor][0], second.Tensors[tensor][0]);
                tensor++;
                if (!ReferenceEquals(first, second) && !trace.IsTheSame(reference, other)) throw Differs();
                if (lowering.HeldBy(reference) is { } held) return new HeldArgument(held.Tensor, held.Name);
                var value = lowering.ValueOf(first, reference);
                if (!inputs.Contains(value)) inputs.Add(value);
                return new InputArgument(inputs.IndexOf(value));
            case ValueTag.Int:
                if (a.Payload != c.Payload) throw Differs();
                return new SizeArgument(trace.Follow(first, a.Payload, b.Payload));
            case ValueTag.Double or ValueTag.Bool:
                if (a.Payload != b.Payload && (a.Tag == ValueTag.Double || a.Flag != b.Flag)) throw Differs();
                return new SeenArgument(a, c);
            case ValueTag.Tuple or ValueTag.Dictionary or ValueTag.Storage: throw new TraceFailure(first.Span, $"{first.Name} takes a {a.Tag.ToString().ToLowerInvariant()}");
            case ValueTag.String when a.Text != b.Text || a.Text != c.Text: throw Differs();
            default: return new SeenArgument(a, a);
        }
    }

    private TraceFailure Differs() => new(first.Span, $"{first.Name} takes another number at another time");
}
