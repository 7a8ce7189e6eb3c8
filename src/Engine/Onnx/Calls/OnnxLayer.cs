using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>A node for which a layer is being made, with its weights.</summary>
/// <param name="node">As in the file.</param>
/// <param name="weights">Of the net.</param>
/// <param name="read">Values that other nodes read, or that are outputs.</param>
internal sealed class OnnxLayer(OnnxNode node, OnnxWeights weights, IReadOnlySet<string> read)
{
    /// <summary>True when this input is a weight of the file.</summary>
    public bool IsWeight(int index) => index < node.Inputs.Count && weights.Has(node.Inputs[index]);
    /// <summary>True when there is no such input.</summary>
    public bool Lacks(int index) => index >= node.Inputs.Count || node.Inputs[index].Length == 0;
    /// <summary>True when this input is there without the data.</summary>
    public bool IsConstant(int index) => index < node.Inputs.Count && weights.Holds(node.Inputs[index]);
    /// <summary>True when somebody reads this result.</summary>
    public bool IsRead(int output) => output < node.Outputs.Count && read.Contains(node.Outputs[output]);
    /// <summary>True when it has such a setting.</summary>
    public bool Has(string name) => node.Attributes.ContainsKey(name);
    /// <summary>The sizes of a weight.</summary>
    public long[] Sizes(int index) => weights.Sizes(node.Inputs[index]);
    /// <summary>
    /// A weight to train: the same one each time the file's is asked for, so that what was tied stays so.
    /// </summary>
    /// <param name="index">Which input.</param>
    /// <param name="change">What is to be done to it, with a name; default nothing.</param>
    public Parameter Parameter(int index, (string Name, Func<Tensor, Tensor> Make)? change = null)
        => weights.Parameter(node.Inputs[index], change);
    /// <summary>Numbers that are no parameter.</summary>
    public Tensor Buffer(int index) => weights.Buffer(node.Inputs[index]);

    public long Long(string name, long otherwise)
        => node.Attributes.TryGetValue(name, out var given) ? given.Long : otherwise;
    public double Float(string name, double otherwise)
        => node.Attributes.TryGetValue(name, out var given) ? given.Float : otherwise;
    public string Text(string name, string otherwise)
        => node.Attributes.TryGetValue(name, out var given) ? given.Text : otherwise;
    public IReadOnlyList<string> Texts(string name)
        => node.Attributes.TryGetValue(name, out var given) ? given.Texts : [];
    /// <summary>A number that became an input in a later opset.</summary>
    /// <exception cref="InvalidDataException">It is not in the file.</exception>
    public double Float(string name, int input, double otherwise)
    {
        if (Lacks(input)) return Float(name, otherwise);
        if (!IsConstant(input)) throw new InvalidDataException($"its {name} is not in the file");
        using var number = Buffer(input).to_type(ScalarType.Float64);
        return number.numel() == 1 ? number.item<double>()
            : throw new InvalidDataException($"its {name} is {number.numel()} numbers");
    }
    public long[]? Longs(string name) => node.Attributes.TryGetValue(name, out var given) ? [.. given.Longs] : null;
}
