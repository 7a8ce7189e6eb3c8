namespace Interactive.Onnx;

/// <summary>A file's content: operators in order, weights, inputs and outputs by name.</summary>
internal sealed class OnnxModel
{
    /// <summary>Version of ONNX's own operators.</summary>
    public long Opset { get; set; }
    /// <summary>Which program wrote it.</summary>
    public string Producer { get; set; } = "";
    /// <summary>Version of the format.</summary>
    public long IrVersion { get; set; }
    /// <summary>Texts that were kept with it.</summary>
    public Dictionary<string, string> Metadata { get; } = [];
    /// <summary>What it computes.</summary>
    public OnnxGraph Graph { get; set; } = new();
}

/// <summary>Operators with the values between them.</summary>
internal sealed class OnnxGraph
{
    public string Name { get; set; } = "";
    public List<OnnxNode> Nodes { get; set; } = [];
    public Dictionary<string, OnnxTensor> Weights { get; } = [];
    public List<OnnxValue> Inputs { get; } = [];
    public List<OnnxValue> Outputs { get; } = [];
}

/// <summary>An input or output with its sizes.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Of ONNX's element types.</param>
/// <param name="Sizes">A number, the name of a size that is free, or an empty text; null where nothing is said.</param>
internal sealed record OnnxValue(string Name, int Type, IReadOnlyList<string>? Sizes);

/// <summary>One operator.</summary>
internal sealed class OnnxNode
{
    /// <summary>How the name ends of a node that our export wrote for an operator of the net's own: it is no part of a pattern.</summary>
    public const string Apart = ".apart";

    public string Name { get; set; } = "";
    public string Operator { get; set; } = "";
    public string Domain { get; set; } = "";
    public List<string> Inputs { get; init; } = [];
    public List<string> Outputs { get; init; } = [];
    public Dictionary<string, OnnxAttribute> Attributes { get; init; } = [];

    /// <summary>Whether tidying leaves it though it changes no number.</summary>
    public bool Stays { get; set; }

    /// <summary>How a message names it.</summary>
    public string Label => Name.Length > 0 ? Name : Outputs.FirstOrDefault(o => o.Length > 0) ?? Operator;
}

/// <summary>A setting of an operator; one of its parts is set.</summary>
internal sealed class OnnxAttribute
{
    /// <summary>Which part, by ONNX's number.</summary>
    public int Kind { get; set; }
    public float Float { get; set; }
    public long Long { get; set; }
    public string Text { get; set; } = "";
    public OnnxTensor? Tensor { get; set; }
    public List<float> Floats { get; init; } = [];
    public List<long> Longs { get; init; } = [];
    public List<string> Texts { get; init; } = [];
    /// <summary>An inner graph: a loop's or a condition's.</summary>
    public bool HasGraph { get; set; }

    public static implicit operator OnnxAttribute(float value) => new() { Kind = 1, Float = value };
    public static implicit operator OnnxAttribute(long value) => new() { Kind = 2, Long = value };
    public static implicit operator OnnxAttribute(string value) => new() { Kind = 3, Text = value };
    public static implicit operator OnnxAttribute(OnnxTensor value) => new() { Kind = 4, Tensor = value };
    public static implicit operator OnnxAttribute(long[] value) => new() { Kind = 7, Longs = [.. value] };
    public static implicit operator OnnxAttribute(string[] value) => new() { Kind = 8, Texts = [.. value] };
}
