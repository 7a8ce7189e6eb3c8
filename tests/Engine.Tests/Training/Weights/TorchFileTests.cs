using System.IO.Compression;
using System.Text;
using Interactive.Runtime;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>Files of torch.save are data: nothing in them runs, and damage is one line.</summary>
public sealed class TorchFileTests : IDisposable
{
    private readonly string path = Path.ChangeExtension(Path.GetTempFileName(), ".pth");

    public void Dispose() => File.Delete(path);

    private static string Storage(string key, string elements = "K\u0004")
        => $"(X\u0007\0\0\0storagectorch\nFloatStorage\nX\u0001\0\0\0{key}X\u0003\0\0\0cpu{elements}tQ";
    private static string Tensor(string size, string stride, string offset = "K\0") => $"ctorch._utils\n_rebuild_tensor_v2\n({Storage("0")}{offset}{size}{stride}\u0089ccollections\nOrderedDict\n)RtR";
    private static string Dictionary(string value) => $"\u0080\u0002}}X\u0001\0\0\0w{value}s.";

    private void Put(byte[] pickle, params int[] bytes)
    {
        using var file = File.Create(path);
        using var zip = new ZipArchive(file, ZipArchiveMode.Create);
        void Entry(string name, byte[] content)
        {
            using var entry = zip.CreateEntry("net/" + name, CompressionLevel.NoCompression).Open();
            entry.Write(content);
        }
        Entry("data.pkl", pickle);
        for (var i = 0; i < bytes.Length; i++) Entry($"data/{i}", new byte[bytes[i]]);
        Entry("version", "3\n"u8.ToArray());
    }

    private void Put(string pickle, int bytes = 16) => Put(Encoding.Latin1.GetBytes(pickle), bytes);

    private string Message()
    {
        var message = Assert.Throws<InvalidDataException>(() =>
        {
            using var file = WeightFile.Open(path);
            foreach (var name in file.Tensors.Keys) file.Read(name).Dispose();
        }).Message;
        Assert.DoesNotContain('\n', message);
        Assert.Contains(path, message);
        return message;
    }

    [Fact]
    public void A_tensor_is_a_view_of_its_storage()
    {
        Put(Dictionary(Tensor("K\u0002K\u0002\u0086", "K\u0001K\u0002\u0086")));
        using var file = WeightFile.Open(path);
        Assert.Equal([2, 2], file.Tensors["w"].Shape);
        using var tensor = file.Read("w");
        Assert.True(tensor.is_contiguous());
    }

    private static string Entry(string key, string value) => $"X{(char)key.Length}\0\0\0{key}{value}s";
    private static string Vector => Tensor("K\u0004\u0085", "K\u0001\u0085");

    private string[] Names()
    {
        using var file = WeightFile.Open(path);
        return [.. file.Tensors.Keys];
    }

    [Fact]
    public void TheNetsTensors_AreFoundAmongWhatATrainingKept()
    {
        Put($"\u0080\u0002}}{Entry("loss", Vector)}{Entry("model", "}" + Entry("a", Vector))}.");
        Assert.Equal(["a"], Names()); // and not the loss, which is a tensor too
        Put($"\u0080\u0002}}{Entry("ema", "}" + Entry("inner", "}" + Entry("a", Vector)))}{Entry("optimizer", "}" + Entry("m", Vector))}.");
        Assert.Equal(["a"], Names());
        Put($"\u0080\u0002}}{Entry("generator", "}" + Entry("a", Vector))}{Entry("critic", "}" + Entry("a", Vector))}.");
        Assert.Contains("it holds tensors under generator, critic: save that of the net alone", Message());
    }

    [Theory]
    [InlineData("cposix\nsystem\nX\u0004\0\0\0true\u0085R", "posix.system")]
    [InlineData("cbuiltins\neval\nX\u0001\0\0\01\u0085R", "builtins.eval")]
    [InlineData("X\u0002\0\0\0osX\u0006\0\0\0system\u0093X\u0004\0\0\0true\u0085R", "os.system")]
    [InlineData("ctorch.nn.modules.linear\nLinear\n)\u0081", "torch.nn.modules.linear.Linear")]
    [InlineData("ctorch\nload\n", "torch.load")]
    [InlineData("ccollections\ndefaultdict\n", "collections.defaultdict")]
    public void Whatever_else_a_pickle_names_is_refused_by_name(string code, string name)
    {
        Put(Dictionary(code));
        Assert.Contains($"it holds a {name}, and only tensors, dictionaries, lists, numbers and texts are read (nothing is run)", Message());
    }

    [Theory]
    [InlineData("ccollections\nOrderedDict\nK\u0001\u0085R", "calls collections.OrderedDict with other arguments")]
    [InlineData("K\u0001K\u0002R", "which calls what is no name")]
    [InlineData("(iposix\nsystem\n", "the instruction 0x69")]
    [InlineData("R", "which calls what is no name")]
    [InlineData("ccollections\nOrderedDict\nK\u0001R", "which calls with no tuple")]
    [InlineData("h\u0007", "which recalls what it has not remembered")]
    [InlineData("]K\u0001s", "which sets entries of what is no dictionary")]
    [InlineData("X\u00ff\u00ff\u00ff\u007f", "which is cut short")]
    [InlineData("(X\u0007\0\0\0storagectorch\nFloatStorage\nX\u0001\0\0\07X\u0003\0\0\0cpuK\u0004tQ",
        "it holds no tensors")]
    public void Instructions_that_contradict_themselves_are_refused(string code, string message)
    {
        Put(Dictionary(code));
        Assert.Contains(message, Message());
    }

    [Theory]
    [InlineData("K\u0005\u0085", "K\u0001\u0085", "K\0", 16)]
    [InlineData("K\u0004\u0085", "K\u0001\u0085", "K\u0001", 16)]
    [InlineData("K\u0002\u0085", "K\u0004\u0085", "K\0", 16)]
    [InlineData("J\u00ff\u00ff\u00ff\u007fJ\u00ff\u00ff\u00ff\u007f\u0086", "K\0K\0\u0086", "K\0", 16)]
    [InlineData("J\u00ff\u00ff\u00ff\u00ff\u0085", "K\u0001\u0085", "K\0", 16)]
    [InlineData("K\u0004\u0085", "K\u0001\u0085", "J\u00ff\u00ff\u00ff\u00ff", 16)]
    public void A_tensor_beyond_its_storage_is_refused(string size, string stride, string offset, int bytes)
    {
        Put(Dictionary(Tensor(size, stride, offset)), bytes);
        Assert.Contains("is not within its storage of 4 elements", Message());
    }

    [Fact]
    public void Storages_that_are_short_missing_or_damaged_are_refused()
    {
        Put(Dictionary(Tensor("K\u0004\u0085", "K\u0001\u0085")), bytes: 12);
        Assert.Contains("storage 0 has 12 bytes, which are fewer than 4 elements", Message());
        Put(Dictionary(Tensor("K\u0004\u0085", "K\u0001\u0085").Replace(Storage("0"), Storage("1"))));
        Assert.Contains("storage 1 is missing", Message());
        Put(Dictionary(Tensor("K\u0004\u0085", "K\u0001\u0085")));
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.AsSpan().IndexOf("net/data/0"u8) + "net/data/0".Length + 5] = 1;
        File.WriteAllBytes(path, bytes);
        Assert.Contains("w: its checksum is not that of its bytes", Message());
    }

    [Fact]
    public void Older_files_and_programs_are_told_apart()
    {
        File.WriteAllBytes(path, [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]);
        Assert.Contains("is of PyTorch before 1.6", Message());
        using (var file = File.Create(path))
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create))
            foreach (var name in new[] { "net/data.pkl", "net/constants.pkl", "net/code/net.py" })
                using (zip.CreateEntry(name).Open()) { }
        Assert.Contains("it is a TorchScript program", Message());
    }

    /// <summary>
    /// Bytes of the file and, with right checksums, of the pickle alone: no crash, one exception, no more memory than
    /// the file's twice.
    /// </summary>
    [Fact]
    public void Two_thousand_mutants_end_in_one_exception_and_allocate_no_more_than_the_file()
    {
        using var scope = NewDisposeScope();
        using (var file = File.Create(path)) TorchFileWriter.Write(file,
            [("weight", ones(64, 64)), ("bias", zeros(64)), ("count", tensor(3L))]);
        var good = File.ReadAllBytes(path);
        byte[] pickle;
        using (var zip = ZipFile.OpenRead(path))
        using (var stream = zip.GetEntry("archive/data.pkl")!.Open())
        using (var copy = new MemoryStream())
        {
            stream.CopyTo(copy);
            pickle = copy.ToArray();
        }
        var random = new Random(17);
        var (read, refused) = (0, 0);
        for (var i = 0; i < 2000; i++)
        {
            if (i % 2 == 0) File.WriteAllBytes(path, Mutant(good, random));
            else Put(Mutant(pickle, random), 16384, 256, 8);
            var length = new FileInfo(path).Length;
            MemoryMeter.Current.ResetPeak();
            var (before, managed) = (MemoryMeter.Current.LiveBytes, GC.GetAllocatedBytesForCurrentThread());
            try
            {
                using var file = WeightFile.Open(path);
                foreach (var name in file.Tensors.Keys) file.Read(name).Dispose();
                read++;
            }
            catch (InvalidDataException e)
            {
                Assert.DoesNotContain('\n', e.Message);
                refused++;
            }
            Assert.InRange(MemoryMeter.Current.PeakBytes - before, 0, 2 * length);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - managed, 0, 2 * length + 200_000);
        }
        Assert.True(read > 5 && refused > 1000, $"{read} read, {refused} refused");
    }

    private static byte[] Mutant(byte[] good, Random random)
    {
        var bytes = good.ToList();
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes.RemoveRange(at, Math.Min(bytes.Count - at - 1, random.Next(1, 40))); break;
                case 3:
                    bytes.InsertRange(at,
                    bytes.GetRange(at, Math.Min(bytes.Count - at, random.Next(1, 40)))); break;
                default: for (var k = at; k < Math.Min(at + 4, bytes.Count); k++) bytes[k] = 0xff; break;
            }
        }
        return [.. bytes];
    }
}
