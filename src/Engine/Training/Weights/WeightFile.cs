namespace Interactive.Training;

/// <summary>Opens weights by what a file holds, not by its name.</summary>
internal static class WeightFile
{
    private static readonly string[] InFolder =
        ["model.safetensors", "model.safetensors.index.json", "diffusion_pytorch_model.safetensors",
            "pytorch_model.bin", "pytorch_model.bin.index.json"];

    /// <summary>Opens a file, an index or a folder in Hugging Face's manner.</summary>
    /// <exception cref="UsageException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It holds no weights that can be read.</exception>
    public static IWeightFile Open(string path)
    {
        if (Directory.Exists(path))
            path = InFolder.Select(name => Path.Combine(path, name)).FirstOrDefault(File.Exists)
                ?? throw new UsageException($"the folder {path} has no weights: it may hold {string.Join(", ", InFolder)}");
        if (!File.Exists(path)) throw new UsageException($"there is no file {path}");
        return path.EndsWith(".index.json", StringComparison.Ordinal) ? new ShardedWeights(path) : OpenSingle(path);
    }

    /// <summary>Opens one file.</summary>
    public static IWeightFile OpenSingle(string path)
    {
        Span<byte> head = stackalloc byte[9];
        int count;
        using (var file = File.OpenRead(path)) count = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        if (count >= 4 && head[..4].SequenceEqual("PK\u0003\u0004"u8)) return new TorchFile(path);
        if (count >= 2 && head[0] == 0x80 && head[1] is >= 1 and <= 5 && (count < 9 || head[8] != (byte)'{'))
            throw new InvalidDataException($"{path} is of PyTorch before 1.6, or a plain pickle: load it there and save its state_dict() again");
        return new SafetensorsWeights(path);
    }
}
