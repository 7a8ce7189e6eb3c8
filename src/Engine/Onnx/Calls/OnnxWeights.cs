using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>The weights of a file as parameters, each made once.</summary>
/// <param name="graph">With the bytes.</param>
internal sealed class OnnxWeights(OnnxGraph graph)
{
    private readonly Dictionary<(string, string), Parameter> parameters = [];

    /// <summary>True for a weight that can be trained: more than one number, with a fraction.</summary>
    public bool Has(string name)
        => graph.Weights.TryGetValue(name, out var weight) && weight is { IsFloat: true, Count: > 1, Sizes.Count: > 0 };

    /// <summary>
    /// True for a mask that a file holds among its weights: exactly two numbers, such as 0 and 1, or one that is not
    /// finite. A file does not say what was trained, and a causal mask must not be.
    /// </summary>
    public bool IsMask(string name)
    {
        var seen = new HashSet<double>();
        foreach (var number in graph.Weights[name].ToNumbers())
            if (!double.IsFinite(number)) return true;
            else if (seen.Add(number) && seen.Count > 2) return false;
        return seen.Count == 2 && graph.Weights[name].Count > 2;
    }

    /// <summary>True for anything that the file holds.</summary>
    public bool Holds(string name) => graph.Weights.ContainsKey(name);

    /// <summary>Its sizes.</summary>
    public long[] Sizes(string name) => [.. graph.Weights[name].Sizes];

    /// <summary>A parameter, the same one each time.</summary>
    public Parameter Parameter(string name, (string Name, Func<Tensor, Tensor> Make)? change = null)
    {
        var key = (name, change?.Name ?? "");
        if (parameters.TryGetValue(key, out var made)) return made;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var tensor = graph.Weights[name].ToTensor();
        if (change is { } how) tensor = how.Make(tensor).contiguous();
        return parameters[key] = (Parameter)new Parameter(tensor.MoveToOuterDisposeScope()).DetachFromDisposeScope();
    }

    /// <summary>Numbers that are no parameter.</summary>
    public Tensor Buffer(string name) => graph.Weights[name].ToTensor();
}
