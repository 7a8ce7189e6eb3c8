using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// Puts parameters that lie elsewhere into a layer: two layers then share them, and each is what it was.
/// </summary>
internal static class HeldTensors
{
    /// <summary>Puts one in the place of the layer's own.</summary>
    /// <exception cref="InvalidDataException">The layer has no such place, or one of another shape.</exception>
    public static void Put(nn.Module layer, string name, Tensor tensor)
    {
        var old = GraphTensors.TensorsOf(layer).FirstOrDefault(t => t.Name == name).Tensor
            ?? throw new InvalidDataException($"a {layer.GetName()} has no {name}");
        if (tensor is not Parameter parameter) throw new InvalidDataException($"its {name} is no parameter");
        if (!old.shape.SequenceEqual(tensor.shape)) throw new InvalidDataException($"its {name} cannot be of {string.Join('x', tensor.shape)}, it is of {string.Join('x', old.shape)}");
        switch (layer, name)
        {
            case (TorchSharp.Modules.Linear m, "weight"): m.weight = parameter; break;
            case (TorchSharp.Modules.Linear m, "bias"): m.bias = parameter; break;
            case (Convolution m, "weight"): m.weight = parameter; break;
            case (Convolution m, "bias"): m.bias = parameter; break;
            case (TorchSharp.Modules.LayerNorm m, "weight"): m.weight = parameter; break;
            case (TorchSharp.Modules.LayerNorm m, "bias"): m.bias = parameter; break;
            case (TorchSharp.Modules.GroupNorm m, "weight"): m.weight = parameter; break;
            case (TorchSharp.Modules.GroupNorm m, "bias"): m.bias = parameter; break;
            case (TorchSharp.Modules.Embedding m, "weight"): m.weight = parameter; break;
            default: throw new InvalidDataException($"the {name} of a {layer.GetName()} must lie where the layer does");
        }
    }
}
