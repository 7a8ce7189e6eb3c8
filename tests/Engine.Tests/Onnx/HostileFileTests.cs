using Interactive.Graphs;
using Interactive.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Onnx;

/// <summary>
/// Files that are damaged or made to harm: one line that says what is wrong, and no more memory than the file deserves.
/// </summary>
public class HostileFileTests
{
    private static readonly string Folder = OnnxFiles.Folder;

    private static OnnxModel Small()
    {
        var model = new OnnxModel { Opset = 18 };
        model.Graph.Inputs.Add(new("x", OnnxTypes.Float, ["batch", "4"]));
        model.Graph.Outputs.Add(new("y", OnnxTypes.Float, ["batch", "3"]));
        var weight = new OnnxTensor { Name = "fc.weight", Type = OnnxTypes.Float, Raw = new byte[48] };
        weight.Sizes.AddRange([3, 4]);
        model.Graph.Weights["fc.weight"] = weight;
        model.Graph.Nodes.Add(Node("Gemm", ["x", "fc.weight"], "h", ("transB", 1L)));
        model.Graph.Nodes.Add(Node("Relu", ["h"], "y"));
        return model;
    }

    private static OnnxNode Node(string name, List<string> inputs, string output,
        params (string, OnnxAttribute)[] settings)
        => new()
        {
            Name = $"{name}_of_{output}",
            Operator = name,
            Inputs = inputs,
            Outputs = [output],
            Attributes = settings.ToDictionary(s => s.Item1, s => s.Item2),
        };

    private static string Write(OnnxModel model, string name)
    {
        var path = Path.Combine(Folder, name);
        using var stream = File.Create(path);
        OnnxWriter.Write(model, stream);
        return path;
    }

    private static string Refused(OnnxModel model, string name)
    {
        var message = Assert.Throws<UsageException>(() => Graph.FromOnnx(Write(model, name))).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    [Fact]
    public void What_the_writer_writes_the_reader_reads()
    {
        using var graph = Graph.FromOnnx(Write(Small(), "small.onnx"));
        Assert.Equal(["fc.weight"], graph.state_dict().Keys);
        Assert.Equal("3", graph.Output.Shape.ToString());
    }

    [Fact]
    public void An_unknown_operator_is_named_with_its_node_and_what_is_near()
    {
        var model = Small();
        model.Graph.Nodes[1] = Node("Relo", ["h"], "y");
        Assert.Contains("Relo (Relo_of_y) is not read; near it are Relu", Refused(model, "unknown.onnx"));
    }

    [Fact]
    public void A_circle_is_refused()
    {
        var model = Small();
        model.Graph.Nodes[0] = Node("Add", ["x", "y"], "h");
        Assert.Contains("the graph has a circle", Refused(model, "circle.onnx"));
    }

    [Fact]
    public void A_long_chain_backwards_does_not_overflow_the_stack()
    {
        var model = Small();
        model.Graph.Nodes.Clear();
        for (var i = 20_000; i > 0; i--)
            model.Graph.Nodes.Add(new OnnxNode
            {
                Operator = "Relo", Inputs = [i == 1 ? "x"
            : $"{i - 1}"], Outputs = [i == 20_000 ? "y" : $"{i}"]
            });
        Assert.Contains("Relo", Refused(model, "deep.onnx"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(25)]
    [InlineData(long.MaxValue)]
    public void An_opset_of_another_time_is_refused(long opset)
    {
        var model = Small();
        model.Opset = opset;
        Assert.Contains($"opset {opset}, and opsets 1 to 24 are read", Refused(model, "opset.onnx"));
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../secret.bin")]
    [InlineData("a/../../secret.bin")]
    public void Weights_outside_of_the_folder_are_refused(string location)
    {
        var model = Small();
        model.Graph.Weights["fc.weight"].External["location"] = location;
        Assert.Contains("outside of the model's folder", Refused(model, "outside.onnx"));
    }

    [Fact]
    public void A_link_out_of_the_folder_is_refused()
    {
        var secret = Path.GetTempFileName();
        var link = Path.Combine(Folder, "link.bin");
        File.WriteAllBytes(secret, new byte[48]);
        File.Delete(link);
        File.CreateSymbolicLink(link, secret);
        var model = Small();
        model.Graph.Weights["fc.weight"].External["location"] = "link.bin";
        Assert.Contains("outside of the model's folder", Refused(model, "linked.onnx"));
        File.Delete(secret);
    }

    [Fact]
    public void Weights_beside_the_file_are_read_from_where_it_says()
    {
        var numbers = Enumerable.Range(0, 16).Select(i => (float)i).ToArray();
        File.WriteAllBytes(Path.Combine(Folder, "beside.bin"),
            System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(numbers).ToArray());
        var model = Small();
        var weight = model.Graph.Weights["fc.weight"];
        (weight.Raw, weight.External["location"], weight.External["offset"], weight.External["length"]) = (null,
            "beside.bin", "16", "48");
        using var graph = Graph.FromOnnx(Write(model, "beside.onnx"));
        Assert.Equal(numbers[4..], graph.parameters().Single().data<float>().ToArray());
        weight.External["offset"] = "20";
        Assert.Contains("takes 48 bytes from byte 20 on, and beside.bin has 64", Refused(model, "short.onnx"));
        weight.External["location"] = "none.bin";
        Assert.Contains("which is missing beside the model", Refused(model, "missing.onnx"));
    }

    [Fact]
    public void Sizes_beyond_the_bytes_take_no_memory()
    {
        var model = Small();
        model.Graph.Weights["fc.weight"].Sizes[0] = 1L << 40;
        Assert.Contains("fc.weight is 1099511627776x4", Refused(model, "large.onnx"));
        model.Graph.Weights["fc.weight"].Sizes[0] = long.MaxValue;
        Assert.Contains("fc.weight has the sizes", Refused(model, "larger.onnx"));
        model = Small();
        var shape =
            new OnnxTensor
            {
                Name = "shape",
                Type = OnnxTypes.Long,
                Raw = System.Runtime.InteropServices.MemoryMarshal.AsBytes<long>(new long[] { 1L << 33, 4 }).ToArray(),
            };
        shape.Sizes.Add(2);
        model.Graph.Weights["shape"] = shape;
        model.Graph.Nodes[1] = Node("Expand", ["h", "shape"], "y");
        Assert.Contains("asks for a tensor of", Refused(model, "expand.onnx"));
        model.Graph.Inputs[0] = new("x", OnnxTypes.Float, ["batch", "4000000000"]);
        Assert.Contains("asks for a tensor of", Refused(model, "input.onnx"));
    }

    [Fact]
    public void A_free_size_asks_for_its_number()
    {
        var model = Small();
        model.Graph.Inputs[0] = new("x", OnnxTypes.Float, ["batch", "words", "4"]);
        model.Graph.Nodes[0] = Node("MatMul", ["x", "turned"], "h");
        model.Graph.Nodes.Insert(0, Node("Transpose", ["fc.weight"], "turned", ("perm", new long[] { 1, 0 })));
        Assert.Contains("its input x (batch x words x 4) leaves a size free: give words, such as 128",
            Refused(model, "free.onnx"));
        using var graph = Graph.FromOnnx(Path.Combine(Folder, "free.onnx"),
            new OnnxOptions { Sizes = new Dictionary<string, long> { ["words"] = 7 } });
        Assert.Equal("7x3", graph.Output.Shape.ToString());
    }

    // What is left is a net that another byte of a weight or a name made, or a refusal.
    [Theory]
    [InlineData(1, 300)]
    [Trait("Speed", "slow")]
    public void Mutants_are_refused_in_one_line_and_take_no_memory(int seed, int count)
    {
        var original = new MemoryStream();
        var model = Small();
        model.Graph.Weights["fc.weight"].Raw = new byte[4_800_000];
        model.Graph.Weights["fc.weight"].Sizes[0] = 300_000;
        OnnxWriter.Write(model, original);
        var bytes = original.ToArray();
        var random = new Random(seed);
        var head = 400; // nodes and sizes; the rest are numbers
        for (var i = 0; i < count; i++)
        {
            var mutant = (byte[])bytes.Clone();
            var length = mutant.Length;
            for (var change = random.Next(1, 4); change > 0; change--)
                mutant[random.Next(2) == 0 ? random.Next(head)
                : mutant.Length - 1 - random.Next(head)] = (byte)random.Next(256);
            if (random.Next(4) == 0) length = random.Next(length);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try { OnnxReader.Read(mutant.AsMemory(0, length), Folder); }
            catch (InvalidDataException e) { Assert.DoesNotContain('\n', e.Message.ReplaceLineEndings(" ")); }
            catch (Exception e) when (e is System.Text.DecoderFallbackException or OverflowException) { }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, length + (1 << 20));
        }
    }

    [Theory]
    [InlineData(2, 200)]
    [Trait("Speed", "slow")]
    public void Mutants_of_a_small_net_become_a_net_or_one_line(int seed, int count)
    {
        var bytes = File.ReadAllBytes(Write(Small(), "original.onnx"));
        var random = new Random(seed);
        var (nets, refusals) = (0, 0);
        for (var i = 0; i < count; i++)
        {
            var mutant = (byte[])bytes.Clone();
            for (var change = random.Next(1, 4); change > 0; change--)
                mutant[random.Next(mutant.Length)] = (byte)random.Next(256);
            var path = Path.Combine(Folder, "mutant.onnx");
            File.WriteAllBytes(path, random.Next(4) == 0 ? mutant[..random.Next(mutant.Length)] : mutant);
            using var scope = NewDisposeScope();
            try
            {
                Graph.FromOnnx(path).Dispose();
                nets++;
            }
            catch (UsageException e)
            {
                Assert.DoesNotContain('\n', e.Message);
                refusals++;
            }
        }
        Assert.True(nets > 0 && refusals > 0, $"{nets} nets and {refusals} refusals");
    }
}
