using Interactive.Data;
using Interactive.Graphs;
using Interactive.Training;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>Kept models: weights, and the net as a text in their header.</summary>
internal sealed class ModelTarget : IFuzzTarget
{
    public string Name => "model";

    public string Write(string folder)
    {
        var path = Path.Combine(folder, "model.safetensors");
        var net = new GraphBuilder("net", new Shape(3, 8, 8));
        using var graph =
            net.Build(net.Input.Conv(4, 3, padding: 1).BatchNorm().Relu().AdaptiveAvgPool(1).Flatten().Linear(2));
        Model.Save(path, graph, ["cat", "dog"], Normalisation.ImageNet,
            new Dictionary<string, double> { ["accuracy"] = 0.9 });
        return path;
    }

    public void Read(string path) => Model.Load(path).Dispose();

    public byte[] Seal(byte[] mutant) => SafetensorsChecksum.Mend(mutant);
}
