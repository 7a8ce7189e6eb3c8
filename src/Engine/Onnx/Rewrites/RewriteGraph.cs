namespace Interactive.Onnx;

/// <summary>A file's operators while patterns among them are looked for.</summary>
/// <param name="graph">Its nodes are replaced in place.</param>
internal sealed class RewriteGraph(OnnxGraph graph)
{
    private readonly Dictionary<string,
        OnnxNode> makers = graph.Nodes.SelectMany(n => n.Outputs.Where(o => o.Length > 0).Select(o => (o, n)))
        .ToDictionary(p => p.o, p => p.n);
    private readonly ILookup<string,
        OnnxNode> readers = graph.Nodes.SelectMany(n => n.Inputs.Distinct().Select(i => (i, n))).ToLookup(p => p.i,
        p => p.n);

    /// <summary>All nodes in order, as they were.</summary>
    public IReadOnlyList<OnnxNode> Nodes { get; } = [.. graph.Nodes];

    /// <summary>The node that makes a value, where it is this operator.</summary>
    public OnnxNode? Maker(string value, string name)
        => makers.TryGetValue(value, out var node) && node.Operator == name && node.Domain.Length == 0 ? node : null;

    /// <summary>The only node that reads a value, where it is this operator and the value is no output.</summary>
    public OnnxNode? OnlyReader(string value, string name)
        => readers[value].Take(2).ToArray() is [var one] && one.Operator == name && one.Domain.Length == 0
        && graph.Outputs.All(o => o.Name != value) ? one : null;

    /// <summary>A weight that can be trained.</summary>
    public OnnxTensor? Weight(string value)
        => graph.Weights.TryGetValue(value, out var weight) && weight is { IsFloat: true, Count: > 1 } ? weight : null;

    /// <summary>A number that the file holds.</summary>
    public double? Number(string value)
        => graph.Weights.TryGetValue(value, out var weight) && weight.Count == 1 ? weight.ToNumbers()[0] : null;

    /// <summary>True for a weight whose numbers are all this one.</summary>
    public bool IsAll(string value, double number)
        => graph.Weights.TryGetValue(value, out var weight) && weight.Count > 0
        && weight.ToNumbers().All(n => n == number);

    /// <summary>Whole numbers that a node has as a setting, or reads from the file.</summary>
    public long[]? Longs(OnnxNode node, string setting, int input)
        => node.Attributes.TryGetValue(setting, out var given) ? [.. given.Longs]
        : input < node.Inputs.Count && graph.Weights.TryGetValue(node.Inputs[input], out var weight)
        && weight.Count < 16 ? [.. weight.ToNumbers().Select(x => (long)x)] : null;

    /// <summary>
    /// The other of two inputs of a sum or product, and the number that it is added to or multiplied by.
    /// </summary>
    public (string Other, double Number)? WithNumber(OnnxNode? node)
        => node is not { Inputs: [var a, var b] } ? null
        : Number(b) is { } second ? (a, second)
        : Number(a) is { } first && node.Operator is "Add" or "Mul" && Number(a) is { } f ? (b, f) : null;

    /// <summary>The factors of a product, however its pairs are bracketed; numbers are multiplied.</summary>
    public (double Number, List<string> Factors) Product(string value, int depth = 4)
    {
        if (Number(value) is { } number) return (number, []);
        if (depth > 0 && Maker(value, "Mul") is { Inputs: [var a, var b] })
        {
            var (left, right) = (Product(a, depth - 1), Product(b, depth - 1));
            return (left.Number * right.Number, [.. left.Factors, .. right.Factors]);
        }
        if (depth > 0 && Maker(value, "Div") is { Inputs: [var over, var by] } && Number(by) is { } divisor
            && divisor != 0)
        {
            var top = Product(over, depth - 1);
            return (top.Number / divisor, top.Factors);
        }
        return (1, [value]);
    }

    /// <summary>Puts another node where one was; it makes the same value.</summary>
    /// <param name="last">The node whose result is made otherwise.</param>
    /// <param name="domain">Of the new operator.</param>
    /// <param name="name">The new operator.</param>
    /// <param name="inputs">What it reads.</param>
    /// <param name="settings">Its settings.</param>
    public void Replace(OnnxNode last, string domain, string name, IEnumerable<string> inputs,
        params (string, OnnxAttribute)[] settings)
        => graph.Nodes[graph.Nodes.IndexOf(last)] = new OnnxNode
        {
            Name = last.Name,
            Operator = name,
            Domain = domain,
            Inputs = [.. inputs],
            Outputs = [last.Outputs[0]],
            Attributes = settings.ToDictionary(s => s.Item1, s => s.Item2),
        };
}
