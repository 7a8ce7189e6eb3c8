using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>A node for which a layer is being made, with its weights.</summary>
/// <param name="node">As in the file.</param>
/// <param name="weights">Of the net.</param>
/// <param name="read">Values that other nodes read, or that are outputs.</param>
internal sealed class OnnxLayer(OnnxNode node, OnnxWeights weights, IReadOnlySet<string> read) : OnnxSettings(node)
{
    /// <summary>True when this input is a weight of the file.</summary>
    public bool IsWeight(int index) => index < Node.Inputs.Count && weights.Has(Node.Inputs[index]);
    /// <summary>True when there is no such input.</summary>
    public bool Lacks(int index) => index >= Node.Inputs.Count || Node.Inputs[index].Length == 0;
    /// <summary>True when this input is there without the data.</summary>
    public bool IsConstant(int index) => index < Node.Inputs.Count && weights.Holds(Node.Inputs[index]);
    /// <summary>True when somebody reads this result.</summary>
    public bool IsRead(int output) => output < Node.Outputs.Count && read.Contains(Node.Outputs[output]);
    /// <summary>True when it has such a setting.</summary>
    public bool Has(string name) => Node.Attributes.ContainsKey(name);
    /// <summary>The sizes of a weight.</summary>
    public long[] Sizes(int index) => weights.Sizes(Node.Inputs[index]);
    /// <summary>
    /// A weight to train: the same one each time the file's is asked for, so that what was tied stays so.
    /// </summary>
    /// <param name="index">Which input.</param>
    /// <param name="change">What is to be done to it, with a name; default nothing.</param>
    public Parameter Parameter(int index, (string Name, Func<Tensor, Tensor> Make)? change = null)
        => weights.Parameter(Node.Inputs[index], change);
    /// <summary>Numbers that are no parameter.</summary>
    public Tensor Buffer(int index) => weights.Buffer(Node.Inputs[index]);

    public IReadOnlyList<string> Texts(string name)
        => Node.Attributes.TryGetValue(name, out var given) ? given.Texts : [];
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
}
