using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// A graph as JSON, without its weights: its nodes by kind, attributes and inputs. Nodes that share weights name the first of them.
/// </summary>
internal static class GraphText
{
    /// <summary>The text of a graph.</summary>
    /// <exception cref="UsageException">It has an op that cannot be built again; the message names the node.</exception>
    public static string Write(Graph graph)
    {
        if (graph.Inputs.Count > 1 || graph.Outputs.Count > 1)
            throw new UsageException($"{graph.Name} cannot be kept as a model: it has {graph.Inputs.Count} inputs and {graph.Outputs.Count} outputs, and a file holds one of each; keep its weights by Safetensors.Save, and build the net by its code");
        if (graph.Nodes.FirstOrDefault(node => node.Op is Ops.AtenOp || !OpList.Knows(node.Op.Kind)) is { } foreign)
            throw new UsageException($"{graph.Name} cannot be kept as a model: {foreign.Name} is a {foreign.Op.Kind}, which cannot be built again from a file; keep its weights by Safetensors.Save, and build the net by its code");
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("name", graph.Name);
            json.WriteString("type", graph.Input.Type.ToString());
            List(json, "input", graph.Input.Shape.ToArray());
            json.WriteNumber("output", graph.Output.Id);
            json.WriteStartArray("nodes");
            var owners = new Dictionary<nint, string>();
            foreach (var node in graph.Nodes) Write(json, node, owners);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        var text = Encoding.UTF8.GetString(buffer.ToArray());
        RequireSame(graph, text);
        return text;
    }

    private static void Write(Utf8JsonWriter json, Node node, Dictionary<nint, string> owners)
    {
        json.WriteStartObject();
        json.WriteString("name", node.Name);
        json.WriteString("op", node.Op.Kind);
        List(json, "inputs", [.. node.Inputs.Select(v => (long)v.Id)]);
        if (node.Op.Parameters.FirstOrDefault() is { } weight && !owners.TryAdd(weight.Identity(), node.Name)) json.WriteString("shares", owners[weight.Identity()]);
        json.WriteStartObject("attributes");
        foreach (var (name, value) in node.Op.Attributes)
            switch (value)
            {
                case bool flag: json.WriteBoolean(name, flag); break;
                case double number when double.IsInfinity(number): json.WriteString(name, (number < 0 ? "-" : "") + OpAttributes.Infinite); break;
                case double number: json.WriteNumber(name, number); break;
                case long[] list: List(json, name, list); break;
                default: json.WriteNumber(name, Convert.ToInt64(value)); break;
            }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void List(Utf8JsonWriter json, string name, long[] values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    // What an op does not say of itself (a norm without weights) must not come back as something else.
    private static void RequireSame(Graph graph, string text)
    {
        using var again = Again(graph, text);
        var (given, rebuilt) = (graph.state_dict(), again.state_dict());
        foreach (var (name, tensor) in given)
            if (!rebuilt.TryGetValue(name, out var other) || !other.shape.SequenceEqual(tensor.shape))
                throw new UsageException($"{graph.Name} cannot be kept as a model: {name} would not be built again as it is; keep its weights by Safetensors.Save, and build the net by its code");
        if (rebuilt.Keys.FirstOrDefault(name => !given.ContainsKey(name)) is { } extra)
            throw new UsageException($"{graph.Name} cannot be kept as a model: {extra} is missing; keep its weights by Safetensors.Save, and build the net by its code");
    }

    private static Graph Again(Graph graph, string text)
    {
        try { return Read(text, META); }
        catch (InvalidDataException e) { throw new UsageException($"{graph.Name} cannot be kept as a model: {e.Message}"); }
    }

    /// <summary>A graph of a text, with fresh parameters.</summary>
    /// <param name="text">What <see cref="Write(Graph)"/> gave.</param>
    /// <param name="device">Where parameters are made; <c>META</c> makes none.</param>
    /// <exception cref="InvalidDataException">The text describes no graph; the message names the node.</exception>
    public static Graph Read(string text, Device? device = null)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var root = document.RootElement;
            var header = new OpAttributes(root);
            if (!Enum.TryParse<ScalarType>(Text(root, "type"), out var type)) throw new InvalidDataException($"its input cannot be of type {Text(root, "type")}");
            var builder = new GraphBuilder(Text(root, "name"), new Shape(header.Wholes("input", 1)), type, device);
            var values = new List<Value> { builder.Input };
            var modules = new Dictionary<string, nn.Module?>();
            if (!root.TryGetProperty("nodes", out var nodes) || nodes.ValueKind != JsonValueKind.Array) throw new InvalidDataException("it has no nodes");
            foreach (var node in nodes.EnumerateArray()) values.Add(Add(builder, node, values, modules));
            return builder.Build(At(values, header.Whole("output")));
        }
        catch (Exception e) when (e is JsonException or GraphException or OverflowException or ExternalException or ArgumentException or DivideByZeroException or IndexOutOfRangeException or InvalidOperationException)
        {
            throw new InvalidDataException($"it describes no graph: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    private static Value Add(GraphBuilder builder, JsonElement node, List<Value> values, Dictionary<string, nn.Module?> modules)
    {
        var name = Text(node, "name");
        try
        {
            var inputs = new OpAttributes(node).Wholes("inputs").Select(id => At(values, id)).ToArray();
            if (!node.TryGetProperty("attributes", out var attributes)) throw new InvalidDataException("it has no attributes");
            nn.Module? shared = null;
            if (node.TryGetProperty("shares", out _) && (!modules.TryGetValue(Text(node, "shares"), out shared) || shared is null)) throw new InvalidDataException("it shares the weights of no node before it");
            var op = OpList.Create(Text(node, "op"), new(new OpAttributes(attributes), inputs, shared, builder.Device));
            modules[name] = op.Module;
            return builder.Add(op, name, inputs);
        }
        catch (InvalidDataException e) { throw new InvalidDataException($"{name}: {e.Message}"); }
    }

    private static Value At(List<Value> values, long id) => id < values.Count ? values[(int)id] : throw new InvalidDataException($"there is no value {id} before it");

    private static string Text(JsonElement element, string name)
        => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new InvalidDataException($"it has no {name}");
}
