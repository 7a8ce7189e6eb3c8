namespace Interactive.Onnx;

/// <summary>Writes an ONNX file.</summary>
internal static class OnnxWriter
{
    private const int IrVersion = 8; // of opset 18's time

    /// <summary>Writes a model.</summary>
    public static void Write(OnnxModel model, Stream stream)
    {
        var file = new WireWriter().Long(1, IrVersion).Text(2, model.Producer).Message(7, Graph(model.Graph)).Message(8,
            new WireWriter().Text(1, "").Long(2, model.Opset));
        foreach (var (key, value) in model.Metadata) file.Message(14, new WireWriter().Text(1, key).Text(2, value));
        file.CopyTo(stream);
    }

    private static WireWriter Graph(OnnxGraph graph)
    {
        var message = new WireWriter();
        foreach (var node in graph.Nodes) message.Message(1, Node(node));
        message.Text(2, graph.Name);
        foreach (var weight in graph.Weights.Values) message.Message(5, Tensor(weight));
        foreach (var input in graph.Inputs) message.Message(11, Value(input));
        foreach (var output in graph.Outputs) message.Message(12, Value(output));
        return message;
    }

    private static WireWriter Node(OnnxNode node)
    {
        var message = new WireWriter();
        foreach (var input in node.Inputs) message.Text(1, input);
        foreach (var output in node.Outputs) message.Text(2, output);
        message.Text(3, node.Name).Text(4, node.Operator);
        foreach (var (name, attribute) in node.Attributes) message.Message(5, Attribute(name, attribute));
        return node.Domain.Length > 0 ? message.Text(7, node.Domain) : message;
    }

    private static WireWriter Attribute(string name, OnnxAttribute attribute)
    {
        var message = new WireWriter().Text(1, name).Long(20, attribute.Kind);
        return attribute.Kind switch
        {
            1 => message.Float(2, attribute.Float),
            2 => message.Long(3, attribute.Long),
            3 => message.Text(4, attribute.Text),
            4 => message.Message(5, Tensor(attribute.Tensor!)),
            8 => attribute.Texts.Aggregate(message, (written, text) => written.Text(9, text)),
            _ => message.Longs(8, attribute.Longs),
        };
    }

    private static WireWriter Tensor(OnnxTensor tensor)
    {
        var message = new WireWriter().Longs(1, tensor.Sizes).Long(2, tensor.Type).Text(8, tensor.Name).Bytes(9,
            tensor.Raw ?? default);
        foreach (var (key, value) in tensor.External) message.Message(13, new WireWriter().Text(1, key).Text(2, value));
        return tensor.External.Count > 0 ? message.Long(14, 1) : message;
    }

    private static WireWriter Value(OnnxValue value)
    {
        var shape = new WireWriter();
        foreach (var size in value.Sizes!)
            shape.Message(1,
            long.TryParse(size, out var number) ? new WireWriter().Long(1, number) : new WireWriter().Text(2, size));
        return new WireWriter().Text(1, value.Name).Message(2,
            new WireWriter().Message(1, new WireWriter().Long(1, value.Type).Message(2, shape)));
    }
}
