using System.Text;

namespace Interactive.Onnx;

/// <summary>Reads an ONNX file. Weights stay in the file's bytes; whatever does not hold together is refused.</summary>
internal static class OnnxReader
{
    /// <summary>The opsets of ONNX's that are read.</summary>
    public const int OldestOpset = 1, NewestOpset = 24;

    /// <summary>Reads and checks a file.</summary>
    /// <exception cref="UsageException">There is none, or it is damaged; the message says what is wrong.</exception>
    public static OnnxModel Read(string path)
    {
        if (!File.Exists(path)) throw new UsageException($"there is no file {path}");
        try { return Read(File.ReadAllBytes(path), Path.GetDirectoryName(Path.GetFullPath(path))!); }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException
            or DecoderFallbackException or ArgumentException or OverflowException)
        {
            throw new UsageException($"{path} is no ONNX model that can be read: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    /// <summary>The same of bytes.</summary>
    public static OnnxModel Read(ReadOnlyMemory<byte> bytes, string folder)
    {
        var model = new OnnxModel();
        var read = new Wire(bytes);
        while (read.Next())
            switch (read.Field)
            {
                case 1: model.IrVersion = read.Long(); break;
                case 2: model.Producer = read.Text(); break;
                case 7: model.Graph = Graph(read.Bytes()); break;
                case 8: Opset(read.Bytes(), model); break;
                case 14: Entry(read.Bytes(), model.Metadata); break;
                default: read.Skip(); break;
            }
        if (model.Graph.Nodes.Count == 0) throw new InvalidDataException("it holds no operators");
        if (model.Opset is < OldestOpset or > NewestOpset) throw new InvalidDataException($"it is of opset {model.Opset}, and opsets {OldestOpset} to {NewestOpset} are read");
        foreach (var weight in model.Graph.Weights.Values) weight.Check(folder);
        foreach (var attribute in model.Graph.Nodes.SelectMany(n => n.Attributes.Values))
            attribute.Tensor?.Check(folder);
        OnnxOrder.Sort(model.Graph);
        return model;
    }

    private static void Opset(ReadOnlyMemory<byte> bytes, OnnxModel model)
    {
        var (domain, version) = ("", 0L);
        var read = new Wire(bytes);
        while (read.Next())
            if (read.Field == 1) domain = read.Text();
            else if (read.Field == 2) version = read.Long();
            else read.Skip();
        if (domain is "" or "ai.onnx") model.Opset = version;
    }

    private static OnnxGraph Graph(ReadOnlyMemory<byte> bytes)
    {
        var graph = new OnnxGraph();
        var read = new Wire(bytes);
        while (read.Next())
            switch (read.Field)
            {
                case 1: graph.Nodes.Add(Node(read.Bytes())); break;
                case 2: graph.Name = read.Text(); break;
                case 5:
                    var weight = Tensor(read.Bytes());
                    if (!graph.Weights.TryAdd(weight.Name, weight))
                        throw new InvalidDataException($"two weights are called {weight.Name}");
                    break;
                case 11: graph.Inputs.Add(Value(read.Bytes())); break;
                case 12: graph.Outputs.Add(Value(read.Bytes())); break;
                case 15: throw new InvalidDataException("it has sparse weights, which are not read");
                default: read.Skip(); break;
            }
        graph.Inputs.RemoveAll(i => graph.Weights.ContainsKey(i.Name)); // older writers list weights among the inputs
        return graph;
    }

    private static OnnxNode Node(ReadOnlyMemory<byte> bytes)
    {
        var node = new OnnxNode();
        var read = new Wire(bytes);
        while (read.Next())
            switch (read.Field)
            {
                case 1: node.Inputs.Add(read.Text()); break;
                case 2: node.Outputs.Add(read.Text()); break;
                case 3: node.Name = read.Text(); break;
                case 4: node.Operator = read.Text(); break;
                case 5: Attribute(read.Bytes(), node.Attributes); break;
                case 7: node.Domain = read.Text(); break;
                default: read.Skip(); break;
            }
        if (node.Domain == "ai.onnx") node.Domain = "";
        return node.Operator.Length > 0 && node.Outputs.Any(o => o.Length > 0) ? node
            : throw new InvalidDataException($"the node {node.Label} has no operator or no output");
    }

    private static void Attribute(ReadOnlyMemory<byte> bytes, Dictionary<string, OnnxAttribute> attributes)
    {
        var (name, attribute) = ("", new OnnxAttribute());
        var read = new Wire(bytes);
        while (read.Next())
            switch (read.Field)
            {
                case 1: name = read.Text(); break;
                case 2: (attribute.Kind, attribute.Float) = (1, read.Float()); break;
                case 3: (attribute.Kind, attribute.Long) = (2, read.Long()); break;
                case 4: (attribute.Kind, attribute.Text) = (3, read.Text()); break;
                case 5: attribute.Tensor = Tensor(read.Bytes()); break;
                case 6 or 11:
                    read.Skip();
                    attribute.HasGraph = true;
                    break;
                case 7: read.Floats(attribute.Floats); break;
                case 8: read.Longs(attribute.Longs); break;
                case 9: attribute.Texts.Add(read.Text()); break;
                default: read.Skip(); break;
            }
        attributes[name] = attribute;
    }

    /// <summary>Numbers with their sizes.</summary>
    public static OnnxTensor Tensor(ReadOnlyMemory<byte> bytes)
    {
        var tensor = new OnnxTensor();
        var read = new Wire(bytes);
        while (read.Next())
            switch (read.Field)
            {
                case 1: read.Longs(tensor.Sizes); break;
                case 2: tensor.Type = (int)read.Long(); break;
                case 4: read.Floats(tensor.Floats); break;
                case 5 or 7 or 11: read.Longs(tensor.Longs); break;
                case 8: tensor.Name = read.Text(); break;
                case 9: tensor.Raw = read.Bytes(); break;
                case 10: read.Doubles(tensor.Doubles); break;
                case 13: Entry(read.Bytes(), tensor.External); break;
                default: read.Skip(); break;
            }
        return tensor;
    }

    private static void Entry(ReadOnlyMemory<byte> bytes, Dictionary<string, string> entries)
    {
        var (key, value) = ("", "");
        var read = new Wire(bytes);
        while (read.Next())
            if (read.Field == 1) key = read.Text();
            else if (read.Field == 2) value = read.Text();
            else read.Skip();
        entries[key] = value;
    }

    private static OnnxValue Value(ReadOnlyMemory<byte> bytes)
    {
        var (name, type) = ("", (Element: 0, Sizes: (List<string>?)null));
        var read = new Wire(bytes);
        while (read.Next())
            if (read.Field == 1) name = read.Text();
            else if (read.Field == 2) type = ValueType(read.Bytes());
            else read.Skip();
        return new OnnxValue(name, type.Element, type.Sizes);
    }

    private static (int, List<string>?) ValueType(ReadOnlyMemory<byte> bytes)
    {
        var (element, sizes) = (0, (List<string>?)null);
        var read = new Wire(bytes);
        while (read.Next())
            if (read.Field == 1)
                for (var tensor = new Wire(read.Bytes()); tensor.Next();)
                    if (tensor.Field == 1) element = (int)tensor.Long();
                    else if (tensor.Field == 2) sizes = SizesOf(tensor.Bytes());
                    else tensor.Skip();
            else read.Skip();
        return (element, sizes);
    }

    private static List<string> SizesOf(ReadOnlyMemory<byte> bytes)
    {
        var sizes = new List<string>();
        for (var shape = new Wire(bytes); shape.Next();)
            if (shape.Field == 1)
            {
                var size = "";
                for (var one = new Wire(shape.Bytes()); one.Next();)
                    if (one.Field == 1) size = one.Long() is > 0 and var number ? $"{number}" : "";
                    else if (one.Field == 2) size = one.Text();
                    else one.Skip();
                sizes.Add(size);
            }
            else shape.Skip();
        return sizes;
    }
}
