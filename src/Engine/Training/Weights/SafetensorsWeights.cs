using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>A safetensors file as weights.</summary>
internal sealed class SafetensorsWeights(string path) : IWeightFile
{
    private readonly SafetensorsFile file = new(path);

    public IReadOnlyDictionary<string, (ScalarType Type, long[] Shape)> Tensors => file.Tensors;
    public Tensor Read(string name) => file.Read(name);
    public void Dispose() => file.Dispose();
}
