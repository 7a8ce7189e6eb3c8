using System.Text.Json;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Weights that an index (<c>model.safetensors.index.json</c>, <c>pytorch_model.bin.index.json</c>) divides among files
/// of its folder. A file is opened when the index is read, its tensors are read when they are asked for.
/// </summary>
internal sealed class ShardedWeights : IWeightFile
{
    private readonly Dictionary<string, IWeightFile> files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IWeightFile> places = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (ScalarType, long[])> tensors = new(StringComparer.Ordinal);

    public ShardedWeights(string index)
    {
        try
        {
            foreach (var (name, file) in Map(index)) Add(index, name, file);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IReadOnlyDictionary<string, (ScalarType Type, long[] Shape)> Tensors => tensors;

    public Tensor Read(string name) => places[name].Read(name);

    private static Dictionary<string, string> Map(string index)
    {
        try
        {
            using var stream = File.OpenRead(index);
            using var document = JsonDocument.Parse(stream,
                new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("weight_map", out var map)
                || map.ValueKind != JsonValueKind.Object)
                throw new InvalidDataException($"{index} is no index of weights: it has no weight_map");
            return map.EnumerateObject().ToDictionary(e => e.Name,
                e => e.Value.ValueKind == JsonValueKind.String ? e.Value.GetString()!
                : throw new InvalidDataException($"{index} is no index of weights: {e.Name} names no file"));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{index} is no index of weights: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    private void Add(string index, string name, string file)
    {
        if (!files.TryGetValue(file, out var weights))
        {
            // Of its own folder only: an index from elsewhere must not read other files.
            if (file != Path.GetFileName(file) || file is "" or "." or "..") throw new InvalidDataException($"{index} puts {name} into {file}, which is not a file of its own folder");
            var path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(index))!, file);
            if (!File.Exists(path))
                throw new InvalidDataException($"{index} puts {name} into {file}, which is not there");
            files[file] = weights = WeightFile.OpenSingle(path);
        }
        if (!weights.Tensors.TryGetValue(name, out var tensor))
            throw new InvalidDataException($"{index} puts {name} into {file}, which has no such tensor");
        (places[name], tensors[name]) = (weights, tensor);
    }

    public void Dispose()
    {
        foreach (var file in files.Values) file.Dispose();
    }
}
