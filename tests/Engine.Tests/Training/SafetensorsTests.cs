using System.Text;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

public class SafetensorsTests
{
    [Fact]
    public void The_file_has_the_bytes_of_the_format()
    {
        using var scope = NewDisposeScope();
        var stream = new MemoryStream();
        Safetensors.Write(stream,
            new Dictionary<string,
            Tensor>
            { ["b"] = tensor(new long[] { -1 }), ["a"] = tensor(new float[,] { { 1, 2 } }) });
        var header = """{"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"b":{"dtype":"I64","shape":[1],"data_offsets":[8,16]}}""";
        header = header.PadRight((header.Length + 7) / 8 * 8);
        byte[] expected =
        [
            .. BitConverter.GetBytes((long)header.Length), .. Encoding.UTF8.GetBytes(header),
            .. BitConverter.GetBytes(1f), .. BitConverter.GetBytes(2f), .. BitConverter.GetBytes(-1L),
        ];
        Assert.Equal(expected, stream.ToArray());
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Byte)]
    public void What_is_written_is_read_again(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var path = Path.GetTempFileName();
        var original = (randn(3, 5) * 20).abs().to_type(type);
        using (var file = File.Create(path)) Safetensors.Write(file,
            new Dictionary<string, Tensor> { ["x"] = original.t() }, new Dictionary<string, string> { ["k"] = "v" });
        var (tensors, metadata) = Safetensors.Read(path);
        Assert.True(tensors["x"].Equals(original.t()));
        Assert.Equal("v", metadata["k"]);
        tensors["x"].Dispose();
        File.Delete(path);
    }

    [Fact]
    public void A_cut_file_is_noticed()
    {
        using var scope = NewDisposeScope();
        var path = Path.GetTempFileName();
        using (var file = File.Create(path)) Safetensors.Write(file,
            new Dictionary<string, Tensor> { ["x"] = ones(100) });
        using (var file = File.OpenWrite(path)) file.SetLength(300);
        Assert.Throws<InvalidDataException>(() => Safetensors.ReadMetadata(path));
        File.Delete(path);
    }
}
