using System.Buffers.Binary;
using System.Text;
using Interactive.Runtime;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>
/// Files that the format forbids, and damage of any kind: refused by one exception, and never believed.
/// </summary>
public sealed class SafetensorsFaultTests : IDisposable
{
    private readonly string path = Path.GetTempFileName();

    public void Dispose() => File.Delete(path);

    private void Put(string header, int bytes, long? length = null)
    {
        var text = Encoding.Latin1.GetBytes(header); // so that "\u00ff" is a byte that is no UTF-8
        File.WriteAllBytes(path, [.. BitConverter.GetBytes(length ?? text.Length), .. text, .. new byte[bytes]]);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}}""", "b begins at 8, where 16 was due")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[16,24]}}""", "b begins at 16, where 8 was due")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""",
        "its tensors have 16 bytes, the file 24")]
    [InlineData("""{"a":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}}""",
        "its tensors have 32 bytes, the file 24")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", "a has the shape [2] at [-8,0]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-6],"data_offsets":[0,24]}}""", "a has the shape [-6]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "a has the shape [2] at [8,0]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,24]}}""",
        "a has 24 bytes, which are no F32 of shape [1]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,24]}}""", "a has 24 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[20000000000],"data_offsets":[0,24]}}""", "a has 24 bytes")]
    [InlineData("""{"a":{"dtype":"F33","shape":[6],"data_offsets":[0,24]}}""", "a has the unknown type F33")]
    [InlineData("""{"a":{"shape":[6],"data_offsets":[0,24]}}""", "a has not just dtype, shape and data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"a":{"dtype":"F32","shape":[3],"data_offsets":[12,24]}}""", "its header is no header")]
    [InlineData("""{"__metadata__":{"a":1},"x":{"dtype":"F32","shape":[6],"data_offsets":[0,24]}}""",
        "__metadata__.a is no text")]
    [InlineData("[1,2]", "its header is no object")]
    [InlineData("{\"\u00ff\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[0,24]}}", "its header is not UTF-8")]
    public void A_file_that_contradicts_itself_is_refused(string header, string message)
    {
        Put(header, 24);
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Safetensors.Read(path)).Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1L << 40)]
    [InlineData(long.MaxValue)]
    public void A_header_longer_than_the_file_is_refused(long length)
    {
        Put("{}", 0, length);
        Assert.Contains("its header is said to have",
            Assert.Throws<InvalidDataException>(() => Safetensors.Read(path)).Message);
    }

    [Fact]
    public void Two_thousand_mutants_end_in_one_exception_and_allocate_no_more_than_the_file()
    {
        using var scope = NewDisposeScope();
        using (var file = File.Create(path))
            Safetensors.Write(file,
                new Dictionary<string,
                Tensor>
                { ["weight"] = ones(64, 64), ["bias"] = zeros(64), ["count"] = tensor(3L) }.Select(
                t => TensorEntry.Of(t.Key, t.Value)),
                new Dictionary<string, string> { ["step"] = "7" }, withChecksum: true);
        var good = File.ReadAllBytes(path);
        var header = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(good);
        var random = new Random(11);
        var read = 0;
        for (var i = 0; i < 2000; i++)
        {
            var bytes = Mutant(good, header, random);
            File.WriteAllBytes(path, bytes);
            MemoryMeter.Current.ResetPeak();
            var (before, managed) = (MemoryMeter.Current.LiveBytes, GC.GetAllocatedBytesForCurrentThread());
            try
            {
                var (tensors, _) = Safetensors.Read(path);
                foreach (var tensor in tensors.Values) tensor.Dispose();
                read++;
            }
            catch (InvalidDataException) { }
            Assert.InRange(MemoryMeter.Current.PeakBytes - before, 0, 2 * bytes.Length);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - managed, 0, 2 * bytes.Length + 100_000);
            if (bytes.AsSpan().SequenceEqual(good)) continue;
            // What still reads has other values: the checksum tells.
            Assert.Throws<InvalidDataException>(() =>
            {
                using var file = new SafetensorsFile(path);
                file.Verify();
            });
        }
        Assert.InRange(read, 100, 1900); // both kinds are met
    }

    private static byte[] Mutant(byte[] good, int header, Random random)
    {
        var bytes = good.ToArray();
        switch (random.Next(6))
        {
            case 0: bytes[random.Next(header)] = (byte)random.Next(256); break;
            case 1: bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8)); break;
            case 2: bytes = bytes[..random.Next(bytes.Length)]; break;
            case 3: bytes = [.. bytes, .. new byte[random.Next(1, 64)]]; break;
            case 4: for (var i = 0; i < 8; i++) bytes[i] = (byte)random.Next(i < 3 ? 256 : 2); break;
            default: // a digit of a size or offset
                var digits = Enumerable.Range(8, header - 8).Where(i => char.IsAsciiDigit((char)bytes[i])).ToArray();
                bytes[digits[random.Next(digits.Length)]] = (byte)random.Next('0', '9' + 1);
                break;
        }
        return bytes;
    }

    [Fact]
    public void Loading_into_a_module_names_what_does_not_fit()
    {
        using var scope = NewDisposeScope();
        using var small = nn.Sequential(("a", nn.Linear(3, 4)), ("b", nn.Linear(4, 1)));
        using var wide = nn.Sequential(("a", nn.Linear(3, 4)), ("b", nn.Linear(4, 2)));
        using var renamed = nn.Sequential(("a", nn.Linear(3, 4)), ("head", nn.Linear(4, 1)));
        using var twin = nn.Sequential(("a", nn.Linear(3, 4)), ("b", nn.Linear(4, 1)));
        Safetensors.Save(small, path);
        Assert.Equal("b.weight has the shape [2, 4] in the model and [1, 4] in the file",
            Assert.Throws<UsageException>(() => Safetensors.Load(wide, path)).Message);
        Assert.Equal("the model's head.weight [1, 4] is not in the file, which has b.bias [1]",
            Assert.Throws<UsageException>(() => Safetensors.Load(renamed, path)).Message);
        Safetensors.Load(twin, path);
        foreach (var (name, value) in small.state_dict()) Assert.True(value.Equals(twin.state_dict()[name]), name);
    }
}
