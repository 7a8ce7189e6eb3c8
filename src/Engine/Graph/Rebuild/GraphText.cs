using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Interactive.Graphs.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// A graph as JSON, without the numbers of its weights: its inputs, its nodes by kind, attributes and inputs, the
/// tensors that belong to no layer, and which parameters are held still. A layer names the module that its weights lie
/// in, so that those which are shared are shared again.
/// </summary>
internal static class GraphText
{
    /// <summary>The text of a graph.</summary>
    /// <exception cref="UsageException">It has a module that is not of the engine's, or an argument that cannot be
    /// written; the message names the node.</exception>
    public static string Write(Graph graph)
    {
        var text = WriteOnce(graph);
        // What an op does not say of itself must not come back as something else.
        using var again = Again(graph, text);
        return WriteOnce(again) is var second && second == text ? text
            : throw CannotBeKept(graph, $"it would be built again otherwise than it is: {Difference(text, second)}");
    }

    private static string WriteOnce(Graph graph)
    {
        if (graph.Nodes
            .FirstOrDefault(node => node.Op is not (AtenOp or Input) && !OpList.Knows(node.Op.Kind)) is { } foreign)
            throw CannotBeKept(graph, $"{foreign.Name} is a node ({foreign.Op.Kind}) that only its own code can build again");
        GraphTensors tensors;
        try { tensors = new GraphTensors(graph); }
        catch (UsageException e) { throw CannotBeKept(graph, e.Message); }
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("name", graph.Name);
            json.WriteString("type", graph.Input.Type.ToString());
            List(json, "input", graph.Input.Shape.ToArray());
            List(json, "outputs", [.. graph.Outputs.Select(o => (long)o.Id)]);
            json.WriteStartObject("tensors");
            foreach (var (name, tensor) in tensors.Loose) Write(json, name, tensor, tensors);
            json.WriteEndObject();
            if (tensors.FrozenInLayers.ToArray() is { Length: > 0 } frozen)
            {
                json.WriteStartArray("frozen");
                foreach (var name in frozen) json.WriteStringValue(name);
                json.WriteEndArray();
            }
            json.WriteStartArray("nodes");
            foreach (var node in graph.Nodes)
                try { Write(json, node, tensors); }
                catch (UsageException e) { throw CannotBeKept(graph, $"{node.Name}: {e.Message}"); }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static UsageException CannotBeKept(Graph graph, string why)
        => new($"{graph.Name} cannot be kept as a model: {why}; keep its weights by Safetensors.Save, and load them into the net of your code by Model.Load(path, graph)");

    private static string Difference(string one, string other)
    {
        var at = one.Zip(other).TakeWhile(pair => pair.First == pair.Second).Count();
        string Near(string text) => text[Math.Min(Math.Max(0, at - 40), text.Length)..Math.Min(text.Length, at + 40)];
        return $"{Near(one)} and {Near(other)}";
    }

    private static void Write(Utf8JsonWriter json, string name, Tensor tensor, GraphTensors tensors)
    {
        json.WriteStartObject(name);
        if (tensors.NameOf(tensor) is var first && first != name) json.WriteString("same", first);
        else
        {
            List(json, "shape", tensor.shape);
            json.WriteString("type", tensor.dtype.ToString());
            json.WriteBoolean("parameter", tensors.IsParameter(tensor));
            json.WriteBoolean("trained", tensors.IsTrained(tensor));
        }
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Node node, GraphTensors tensors)
    {
        json.WriteStartObject();
        json.WriteString("name", node.Name);
        List(json, "inputs", [.. node.Inputs.Select(v => (long)v.Id)]);
        if (node.Op is AtenOp call)
        {
            json.WriteString("op", AtenText.Kind);
            AtenText.Write(json, call, tensors);
        }
        else
        {
            json.WriteString("op", node.Op.Kind);
            var place = tensors.PlaceOf(node.Op);
            if (place.Path is { } path) json.WriteString("module", path);
            if (place.Apart.Count > 0)
            {
                json.WriteStartObject("tensors");
                foreach (var (local, name) in place.Apart) json.WriteString(local, name);
                json.WriteEndObject();
            }
            json.WriteStartObject("attributes");
            if (node.Op is Input)
            {
                List(json, "shape", node.Output.Shape.ToArray());
                json.WriteString("type", node.Output.Type.ToString());
            }
            foreach (var (name, value) in node.Op.Attributes) Attribute(json, name, value);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void Attribute(Utf8JsonWriter json, string name, object value)
    {
        switch (value)
        {
            case bool flag: json.WriteBoolean(name, flag); break;
            case double number when double.IsNaN(number): json.WriteString(name, OpAttributes.NotANumber); break;
            case double number when double.IsInfinity(number):
                json.WriteString(name,
                (number < 0 ? "-" : "") + OpAttributes.Infinite); break;
            case double number: json.WriteNumber(name, number); break;
            case long[] list: List(json, name, list); break;
            default: json.WriteNumber(name, Convert.ToInt64(value)); break;
        }
    }

    private static void List(Utf8JsonWriter json, string name, long[] values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    private static Graph Again(Graph graph, string text)
    {
        try { return Read(text, META); }
        catch (InvalidDataException e) { throw CannotBeKept(graph, e.Message); }
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
            return new GraphReader(document.RootElement, device).Run();
        }
        catch (Exception e) when (e is JsonException or GraphException or UsageException or OverflowException
            or ExternalException or ArgumentException or DivideByZeroException or IndexOutOfRangeException
            or InvalidOperationException)
        {
            throw new InvalidDataException($"it describes no graph: {e.Message.ReplaceLineEndings(" ")}");
        }
    }
}
