using System.IO.Compression;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// A file of <c>torch.save</c> (PyTorch 1.6 and later): a zip of a pickle and of storages as they lie in memory. The
/// pickle is read as data (<see cref="Unpickler"/>); a storage is read when one of its tensors is asked for.
/// </summary>
internal sealed class TorchFile : IWeightFile
{
    private const long LongestPickle = 256 << 20;
    private const int DeepestDictionary = 3;
    private static readonly string[] Parts = ["state_dict", "model_state_dict", "model_state", "model", "module", "net",
        "params"];

    private readonly string path;
    private readonly ZipArchive zip;
    private readonly string root;
    private readonly Dictionary<string, TorchTensor> tensors = new(StringComparer.Ordinal);

    public TorchFile(string path)
    {
        this.path = path;
        try { zip = ZipFile.OpenRead(path); }
        catch (InvalidDataException e) { throw Wrong(e.Message); }
        try
        {
            var pickle = zip.Entries.FirstOrDefault(e => e.Name == "data.pkl") ?? throw Wrong("it has no data.pkl");
            root = pickle.FullName[..^"data.pkl".Length];
            if (zip.Entries
                .Any(e => e.FullName.EndsWith(".py", StringComparison.Ordinal) || e.FullName == root + "constants.pkl"))
                throw Wrong("it is a TorchScript program: save its state_dict() instead");
            if (zip.GetEntry(root + "byteorder") is { } order && Content(order, 16) is not [(byte)'l', ..])
                throw Wrong("its numbers are big-endian");
            Collect(Unpickler.Read(Content(pickle, LongestPickle)));
            Tensors = tensors.ToDictionary(t => t.Key, t => (t.Value.Storage.Type, t.Value.Size),
                StringComparer.Ordinal);
        }
        catch (Exception e)
        {
            zip.Dispose();
            if (e is InvalidDataException && !e.Message.Contains(path, StringComparison.Ordinal))
                throw Wrong(e.Message);
            if (e is EndOfStreamException or IOException) throw Wrong(e.Message);
            throw;
        }
    }

    public IReadOnlyDictionary<string, (ScalarType Type, long[] Shape)> Tensors { get; }

    public Tensor Read(string name)
    {
        var tensor = tensors[name];
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var span = empty(tensor.Span, tensor.Storage.Type);
        try { Fill(tensor, span); }
        catch (Exception e) when (e is InvalidDataException or IOException
            && !e.Message.Contains(path, StringComparison.Ordinal))
        { throw Wrong($"{name}: {e.Message}"); }
        return (tensor.IsContiguous ? span.view(tensor.Size)
            : span.as_strided(tensor.Size, tensor.Stride).contiguous()).MoveToOuterDisposeScope();
    }

    private void Fill(TorchTensor tensor, Tensor target)
    {
        var entry = Storage(tensor.Storage);
        using var stream = entry.Open();
        Skip(stream, tensor.Offset * target.element_size());
        uint crc = 0;
        for (long at = 0; at < target.numel(); at += Safetensors.Piece)
        {
            using var part = target.narrow(0, at, Math.Min(Safetensors.Piece, target.numel() - at));
            var bytes = part.bytes;
            stream.ReadExactly(bytes);
            crc = Crc32.Append(crc, bytes);
        }
        if (target.numel() == tensor.Storage.Elements && target.numel() > 0
            && target.numel() * target.element_size() == entry.Length && crc != entry.Crc32)
            throw new InvalidDataException("its checksum is not that of its bytes");
    }

    private ZipArchiveEntry Storage(TorchStorage storage)
    {
        var entry = zip.GetEntry($"{root}data/{storage.Key}") ?? throw Wrong($"storage {storage.Key} is missing");
        if (entry.CompressedLength != entry.Length)
            throw Wrong($"storage {storage.Key} is compressed, as torch.save never does");
        return storage.Elements <= entry.Length / storage.Type.ElementSize() ? entry
            : throw Wrong($"storage {storage.Key} has {entry.Length} bytes, which are fewer than {storage.Elements} elements of {storage.Type}");
    }

    // The state dictionary: the file's own value, or what a training script has put it under.
    private void Collect(object value)
    {
        var entries = value as Dictionary<object, object> ?? throw Wrong("it holds no dictionary of tensors");
        // first what is named so: a loss beside it may be a tensor too
        if (Parts.Select(part => entries.GetValueOrDefault(part)).OfType<Dictionary<object, object>>().FirstOrDefault(HasTensors) is { } named) entries = named;
        else if (!HasTensors(entries))
            entries = Inner(entries, "", 0).ToArray() switch
            {
                [var only] => only.Entries,
                [] => throw Wrong($"it holds no tensors, nor are there any under {string.Join(", ", Parts)}: it has {Names(entries)}"),
                var several => throw Wrong($"it holds tensors under {string.Join(", ", several.Select(s => s.Path))}: save that of the net alone"),
            };
        foreach (var (key, entry) in entries)
        {
            // an epoch's number beside the tensors
            if (key is not string name || entry is not TorchTensor tensor) continue;
            Storage(tensor.Storage); // is there, and long enough
            tensors[name] = tensor;
        }
    }

    private static bool HasTensors(Dictionary<object, object> entries) => entries.Any(e => e is { Key: string, Value: TorchTensor });

    // An optimiser's state has tensors too, by numbers.
    private static IEnumerable<(string Path, Dictionary<object, object> Entries)> Inner(Dictionary<object, object> entries, string path, int depth)
    {
        foreach (var (key, value) in entries)
        {
            if (key is not string name || value is not Dictionary<object, object> inner || name.StartsWith("optim", StringComparison.OrdinalIgnoreCase)) continue;
            if (HasTensors(inner)) yield return (path + name, inner);
            else if (depth < DeepestDictionary)
                foreach (var found in Inner(inner, $"{path}{name}.", depth + 1)) yield return found;
        }
    }

    private static string Names(Dictionary<object, object> entries)
        => entries.Count == 0 ? "nothing" : string.Join(", ", entries.Keys.Take(5)) + (entries.Count > 5 ? ", …" : "");

    private byte[] Content(ZipArchiveEntry entry, long longest)
    {
        if (entry.Length > longest || entry.Length > new FileInfo(path).Length)
            throw Wrong($"{entry.Name} is said to have {entry.Length} bytes");
        var bytes = new byte[entry.Length];
        using var stream = entry.Open();
        stream.ReadExactly(bytes);
        return Crc32.Append(0, bytes) == entry.Crc32 ? bytes
            : throw Wrong($"the checksum of {entry.Name} is not that of its bytes");
    }

    private static void Skip(Stream stream, long count)
    {
        var buffer = new byte[Math.Min(count, 1 << 16)];
        while (count > 0)
        {
            var some = (int)Math.Min(count, buffer.Length);
            stream.ReadExactly(buffer.AsSpan(0, some));
            count -= some;
        }
    }

    private InvalidDataException Wrong(string what) => new($"{path} is no file of PyTorch's weights: {what}");

    public void Dispose() => zip.Dispose();
}
