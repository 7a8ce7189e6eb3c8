using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>Files of tensors.</summary>
internal sealed class SafetensorsTarget : IFuzzTarget
{
    public string Name => "safetensors";

    public string Write(string folder)
    {
        var path = Path.Combine(folder, "tensors.safetensors");
        using var scope = NewDisposeScope();
        using var file = File.Create(path);
        Safetensors.Write(file,
            new Dictionary<string, Tensor> { ["a.weight"] = ones(3, 4), ["a.bias"] = zeros(4), ["steps"] = tensor(7L) },
            new Dictionary<string, string> { ["by"] = "hand" });
        return path;
    }

    public void Read(string path)
    {
        foreach (var tensor in Safetensors.Read(path).Tensors.Values) tensor.Dispose();
    }
}
