using System.Globalization;
using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>A file that is being written, operator by operator.</summary>
internal sealed class ExportFile
{
    /// <summary>The opset that is written.</summary>
    public const int Opset = 18;

    private int made;
    private readonly Dictionary<string, string> numbers = [];

    /// <summary>What there is so far.</summary>
    public OnnxModel Model { get; } = new() { Opset = Opset, Producer = "Interactive" };

    /// <summary>Adds an operator with one result, and gives the result's name.</summary>
    public string Emit(string name, IEnumerable<string> inputs, params (string, OnnxAttribute)[] settings)
        => Emit(name, inputs, 1, settings)[0];

    /// <summary>Adds an operator, and gives its results' names.</summary>
    public string[] Emit(string name, IEnumerable<string> inputs, int outputs,
        params (string, OnnxAttribute)[] settings)
    {
        var read = inputs.ToList();
        while (read.Count > 0 && read[^1].Length == 0) read.RemoveAt(read.Count - 1);
        var number = made++;
        var node =
            new OnnxNode
            {
                Name = $"{name}_{number}",
                Operator = name,
                Inputs = read,
                Outputs = [.. Enumerable.Range(0, outputs).Select(i => i == 0 ? $"v{number}" : $"v{number}_{i}")],
                Attributes = settings.ToDictionary(s => s.Item1, s => s.Item2),
            };
        Model.Graph.Nodes.Add(node);
        return [.. node.Outputs];
    }

    /// <summary>
    /// The same numbers laid one after the other. ONNX knows no such thing; a file that is read again has its bits, as
    /// kernels sum strided numbers otherwise.
    /// </summary>
    public string Dense(string value)
    {
        var name = Emit("Identity", [value]);
        Model.Graph.Nodes[^1].Stays = true;
        return name;
    }

    /// <summary>The weight of which a value is the transpose; null where it is none.</summary>
    public string? Turned(string value)
        => Model.Graph.Nodes.FirstOrDefault(n => n.Outputs[0] == value) is { Operator: "Transpose" } node
        && node.Attributes["perm"].Longs is [1, 0] && Model.Graph.Weights.ContainsKey(node.Inputs[0]) ? node.Inputs[0]
        : null;

    /// <summary>Numbers of the net's, by name.</summary>
    public string Weight(Tensor tensor, string name)
    {
        if (Model.Graph.Weights.ContainsKey(name)) return name;
        using var scope = NewDisposeScope();
        using var flat = tensor.detach().cpu().contiguous();
        var weight = new OnnxTensor { Name = name, Type = OnnxTypes.Of(tensor.dtype), Raw = flat.bytes.ToArray() };
        weight.Sizes.AddRange(tensor.shape);
        weight.Check("");
        Model.Graph.Weights[name] = weight;
        return name;
    }

    /// <summary>Numbers that the writer makes, in a type.</summary>
    public string Weight(Tensor tensor, string name, int type)
    {
        using var typed = tensor.to_type(OnnxTypes.Exactly(type));
        return Weight(typed, type == OnnxTypes.Float ? name : $"{name}_{OnnxTypes.NameOf(type)}");
    }

    /// <summary>One number.</summary>
    public string Number(double value, int type)
        => Held(value.ToString("R", CultureInfo.InvariantCulture) + OnnxTypes.NameOf(type), () =>
    {
        using var wide = tensor(value);
        return wide.to_type(OnnxTypes.Exactly(type));
    });

    /// <summary>Whole numbers.</summary>
    public string List(params long[] values) => Held("[" + string.Join(",", values), () => tensor(values));

    /// <summary>One whole number.</summary>
    public string Whole(long value) => Held($"{value}", () => tensor(value));

    private string Held(string key, Func<Tensor> make)
    {
        if (numbers.TryGetValue(key, out var name)) return name;
        using var value = make();
        return numbers[key] = Weight(value, $"number{numbers.Count}");
    }

    /// <summary>Sizes as a list, one that follows the batch computed from that of the first input.</summary>
    public string Sizes(IReadOnlyList<Extent> sizes)
    {
        if (sizes.All(s => s.PerSample == 0)) return List([.. sizes.Select(s => s.Fixed)]);
        var parts = new List<string>();
        foreach (var size in sizes)
            if (size.PerSample == 0) parts.Add(List(size.Fixed));
            else
            {
                var part = Emit("Shape", [Model.Graph.Inputs[0].Name], ("start", 0L), ("end", 1L));
                if (size.PerSample != 1) part = Emit("Mul", [part, List(size.PerSample)]);
                if (size.Fixed != 0) part = Emit("Add", [part, List(size.Fixed)]);
                parts.Add(part);
            }
        return parts.Count == 1 ? parts[0] : Emit("Concat", parts, ("axis", 0L));
    }

    /// <summary>The same numbers in other sizes.</summary>
    public string Reshape(string value, IReadOnlyList<Extent> sizes)
        => sizes.Count(s => s.PerSample != 0) == 1
        ? Emit("Reshape", [value, List([.. sizes.Select(s => s.PerSample != 0 ? -1 : s.Fixed)])])
        : Emit("Reshape", [value, Sizes(sizes)]);
}
