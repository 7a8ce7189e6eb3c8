using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Writes what <c>torch.load</c> reads as an ordered dictionary of tensors (PyTorch 1.6 and later); tied tensors share
/// a storage.
/// </summary>
internal static class TorchFileWriter
{
    private const string Root = "archive/";

    public static void Write(Stream to, IReadOnlyList<(string Name, Tensor Value)> tensors)
    {
        using var zip = new ZipArchive(to, ZipArchiveMode.Create, leaveOpen: true);
        var storages =
            tensors.Select(t => t.Value).DistinctBy(t => t.Identity()).Select((value, i)
            => (value, Key: i.ToString(CultureInfo.InvariantCulture))).ToDictionary(s => s.value.Identity());
        Put(zip, "data.pkl", Pickle(tensors, tensor => storages[tensor.Identity()].Key));
        Put(zip, "byteorder", "little"u8.ToArray());
        foreach (var (value, key) in storages.Values)
        {
            using var scope = NewDisposeScope();
            using var entry = Open(zip, $"data/{key}");
            var flat = value.detach().cpu().contiguous().flatten();
            for (long at = 0; at < flat.numel(); at += Safetensors.Piece)
            {
                using var part = flat.narrow(0, at, Math.Min(Safetensors.Piece, flat.numel() - at));
                entry.Write(part.bytes);
            }
        }
        Put(zip, "version", "3\n"u8.ToArray());
    }

    private static byte[] Pickle(IReadOnlyList<(string Name, Tensor Value)> tensors, Func<Tensor, string> key)
    {
        var pickle = new MemoryStream();
        Code(0x80, 2);
        Empty();
        Code('(');
        foreach (var (name, value) in tensors)
        {
            Text(name);
            Global("torch._utils", "_rebuild_tensor_v2");
            Code('(', '(');
            Text("storage");
            Global("torch",
                TorchTypes.StorageOf(value.dtype)
                ?? throw new UsageException($"{name}: PyTorch's files have no {value.dtype}"));
            Text(key(value));
            Text("cpu");
            Number(value.numel());
            Code('t', 'Q', 'K', 0);
            Numbers(value.shape);
            Numbers(Strides(value.shape));
            Code(0x89); // it wants no gradient
            Empty(); // it has no hooks
            Code('t', 'R');
        }
        Code('u', '.');
        return pickle.ToArray();

        void Code(params ReadOnlySpan<int> codes)
        {
            foreach (var code in codes) pickle.WriteByte((byte)code);
        }
        void Empty()
        {
            Global("collections", "OrderedDict");
            Code(')', 'R');
        }
        void Global(string module, string name)
        {
            Code('c');
            pickle.Write(Encoding.UTF8.GetBytes($"{module}\n{name}\n"));
        }
        void Text(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            Span<byte> length = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            Code('X');
            pickle.Write(length);
            pickle.Write(bytes);
        }
        void Number(long number)
        {
            Span<byte> value = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(value, number);
            Code(0x8a, 8);
            pickle.Write(value);
        }
        void Numbers(long[] numbers)
        {
            Code('(');
            foreach (var number in numbers) Number(number);
            Code('t');
        }
    }

    private static long[] Strides(long[] shape)
    {
        var strides = new long[shape.Length];
        long next = 1;
        for (var i = shape.Length - 1; i >= 0; next *= Math.Max(1, shape[i--])) strides[i] = next;
        return strides;
    }

    private static void Put(ZipArchive zip, string name, byte[] bytes)
    {
        using var entry = Open(zip, name);
        entry.Write(bytes);
    }

    // As they are: PyTorch reads no compressed entries.
    private static Stream Open(ZipArchive zip, string name)
        => zip.CreateEntry(Root + name, CompressionLevel.NoCompression).Open();
}
