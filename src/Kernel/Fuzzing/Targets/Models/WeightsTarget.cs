using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>Weights that go into a module: a file of PyTorch's, or the index of several files.</summary>
internal sealed class WeightsTarget(string name) : IFuzzTarget
{
    public string Name => name;

    public string Write(string folder)
    {
        using var module = nn.Linear(3, 4);
        if (name == "torch")
        {
            var weights = Path.Combine(folder, "weights.pth");
            Weights.Save(module, weights);
            return weights;
        }
        Weights.Save(module, Path.Combine(folder, "part.safetensors"));
        var path = Path.Combine(folder, "model.safetensors.index.json");
        File.WriteAllText(path, """{ "metadata": { "total_size": 64 }, "weight_map": { "weight": "part.safetensors", "bias": "part.safetensors" } }""");
        return path;
    }

    public void Read(string path)
    {
        using var module = nn.Linear(3, 4);
        Weights.Load(module, path);
    }
}
