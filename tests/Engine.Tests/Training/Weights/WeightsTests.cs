using System.Text.Json;
using Interactive.Graphs;
using Interactive.Models;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>Weights by name: what fits is loaded, what does not is told by name.</summary>
public sealed class WeightsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("weights").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string At(string name) => Path.Combine(folder, name);

    private static Graph Small(long classes = 3)
    {
        var net = new GraphBuilder("small", new Shape(3, 8, 8));
        return net.Build(net.Input.Conv(4, 3, padding: 1, name: "conv").BatchNorm("bn").Relu().Flatten().Linear(classes,
            name: "fc"));
    }

    [Theory]
    [InlineData("net.pth")]
    [InlineData("net.pt")]
    [InlineData("net.bin")]
    [InlineData("net.safetensors")]
    public void Every_tensor_comes_back_with_its_bits(string file)
    {
        using var net = Nets.Filled(Small());
        using var other = Small();
        Weights.Save(net, At(file));
        var report = Weights.Load(other, At(file));
        Assert.True(report.IsWhole);
        Assert.Equal(9, report.Loaded.Count);
        Assert.Equal("loaded 9 of 9 tensors by its own names", report.ToString());
        Assert.Equal(Nets.Bits(net), Nets.Bits(other));
    }

    [Theory]
    [InlineData("model.")]
    [InlineData("module.net.encoder.")]
    public void What_stands_before_all_names_is_left_out(string prefix)
    {
        using var net = Nets.Filled(Small());
        using var other = Small();
        using (var file = File.Create(At("part.safetensors")))
            Safetensors.Write(file, net.state_dict().ToDictionary(t => prefix + t.Key, t => t.Value));
        Weights.Load(other, At("part.safetensors"));
        Assert.Equal(Nets.Bits(net), Nets.Bits(other));
    }

    [Fact]
    public void Tied_tensors_are_one_storage_in_a_file_of_PyTorchs()
    {
        var options = new ModelOptions { Layers = 1, Heads = 1, Width = 8, Context = 4, Vocabulary = 1000 };
        using var net = Zoo.Create("gpt", options);
        using var other = Zoo.Create("gpt", options);
        Weights.Save(net, At("gpt.pth"));
        Assert.InRange(new FileInfo(At("gpt.pth")).Length, 4 * net.ParameterCount, 4 * net.ParameterCount + 8000);
        Weights.Load(other, At("gpt.pth"));
        Assert.Equal(Nets.Bits(net), Nets.Bits(other));
    }

    [Theory]
    [InlineData("net.pth")]
    [InlineData("net.safetensors")]
    public void What_does_not_fit_is_told_by_name_and_nothing_is_written(string file)
    {
        using var net = Nets.Filled(Small(5));
        using var other = Small();
        Weights.Save(net, At(file));
        var before = Nets.Bits(other);
        var message = Assert.Throws<UsageException>(() => Weights.Load(other, At(file))).Message;
        Assert.Equal($"{At(file)} does not fit small: loaded 7 of 9 tensors by its own names; of another shape: fc.weight is Float32 [3, 256] and the file's fc.weight Float32 [5, 256], fc.bias is Float32 [3] and the file's fc.bias Float32 [5]", message);
        Assert.Equal(before, Nets.Bits(other));

        var report = Weights.Load(other, At(file), strict: false);
        Assert.Equal((7, 0, 0, 2),
            (report.Loaded.Count, report.Missing.Count, report.Unexpected.Count, report.OtherShape.Count));
        Assert.True(other.state_dict()["conv.weight"].Equals(net.state_dict()["conv.weight"]));
    }

    [Fact]
    public void Missing_and_unexpected_tensors_are_told_by_name()
    {
        using var net = Small();
        using var scope = NewDisposeScope();
        var state = net.state_dict().Where(t => t.Key != "bn.weight").Append(new("extra", ones(2))).ToDictionary();
        using (var file = File.Create(At("net.safetensors"))) Safetensors.Write(file, state);
        var report = Weights.Load(net, At("net.safetensors"), strict: false);
        Assert.Equal(["bn.weight"], report.Missing);
        Assert.Equal(["extra"], report.Unexpected);
    }

    [Fact]
    public void Half_precision_is_widened_and_wrappers_names_are_left_out()
    {
        using var scope = NewDisposeScope();
        using var net = Nets.Filled(Small());
        foreach (var type in new[] { ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float64 })
        {
            using (var file = File.Create(At("net.safetensors")))
                Safetensors.Write(file,
                    net.state_dict().ToDictionary(t => "module." + t.Key,
                    t => t.Value.is_floating_point() ? t.Value.to_type(type) : t.Value));
            using var other = Small();
            Assert.True(Weights.Load(other, At("net.safetensors")).IsWhole);
            Assert.True(other.state_dict()["fc.weight"].Equals(net.state_dict()["fc.weight"].to_type(type)
                .to_type(ScalarType.Float32)));
        }
    }

    [Theory]
    [InlineData("model.safetensors.index.json", ".safetensors")]
    [InlineData("pytorch_model.bin.index.json", ".bin")]
    public void Shards_are_read_by_their_index_and_from_its_folder_only(string index, string ending)
    {
        using var scope = NewDisposeScope();
        using var net = Nets.Filled(Small());
        var halves = net.state_dict().Select((t, i) => (t.Key, t.Value, File: $"part-{i % 2}{ending}")).ToList();
        foreach (var half in halves.GroupBy(h => h.File))
            using (var file = File.Create(At(half.Key)))
                if (ending == ".bin") TorchFileWriter.Write(file, [.. half.Select(h => (h.Key, h.Value))]);
                else Safetensors.Write(file, half.ToDictionary(h => h.Key, h => h.Value));
        void Index(Func<string, string> place)
            => File.WriteAllText(At(index),
            JsonSerializer.Serialize(new { weight_map = halves.ToDictionary(h => h.Key, h => place(h.File)) }));

        Index(file => file);
        using var other = Small();
        Assert.True(Weights.Load(other, folder).IsWhole); // the folder, as one is downloaded
        Assert.Equal(Nets.Bits(net), Nets.Bits(other));

        string Message() => Assert.Throws<UsageException>(() => Weights.Load(other, At(index))).Message;
        Index(file => "../" + file);
        Assert.Contains("which is not a file of its own folder", Message());
        Index(file => "other" + ending);
        Assert.Contains("which is not there", Message());
        File.WriteAllText(At(index), """{"weight_map":{"fc.weight":7}}""");
        Assert.Contains("fc.weight names no file", Message());
        File.WriteAllText(At(index), "{");
        Assert.Contains("is no index of weights", Message());
    }

    [Fact]
    public void Types_that_TorchSharp_has_not_are_refused_by_name()
    {
        var header = """{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}"""u8;
        File.WriteAllBytes(At("f8.safetensors"),
            [.. BitConverter.GetBytes((long)header.Length), .. header, 1, 2, 3, 4]);
        using var net = Small();
        Assert.Contains("a is of type F8_E4M3, which TorchSharp has not: convert it to one of F64, F32,",
            Assert.Throws<UsageException>(() => Weights.Load(net, At("f8.safetensors"))).Message);
    }

    [Fact]
    public void A_file_that_is_not_there_an_empty_folder_and_other_endings_are_one_line()
    {
        using var net = Small();
        Assert.Equal($"there is no file {At("none.pth")}",
            Assert.Throws<UsageException>(() => Weights.Load(net, At("none.pth"))).Message);
        Assert.Contains("has no weights: it may hold model.safetensors,",
            Assert.Throws<UsageException>(() => Weights.Load(net, folder)).Message);
        Assert.Equal("weights are written as .safetensors, .pth, .pt or .bin, got '.npz'",
            Assert.Throws<UsageException>(() => Weights.Save(net, At("net.npz"))).Message);
    }

    /// <summary>
    /// Every rule leads back: names and shapes of a net written by a table are read by it, and no two are written under
    /// one name.
    /// </summary>
    [Theory]
    [InlineData("vit")]
    [InlineData("gpt")]
    public void Tables_lead_there_and_back(string model)
    {
        var options = new ModelOptions
        {
            Image = new Shape(3, 32,
            32), Layers = 2, Heads = 2, Width = 16, Classes = 4, Context = 8, Vocabulary = 40
        };
        var tables = model == "gpt" ? new[] { NameRules.HuggingFaceGpt2 }
            : [NameRules.TorchvisionVit, NameRules.TimmVit, NameRules.HuggingFaceVit];
        foreach (var table in tables)
        {
            using var net = Nets.Filled(Zoo.Create(model, options));
            using var other = Zoo.Create(model, options);
            Weights.Save(net, At("net.pth"), table);
            Assert.Equal(table.Name, Weights.Load(other, At("net.pth")).Rules); // found without being told
            Assert.Equal(Nets.Bits(net), Nets.Bits(other));
        }
    }

    [Fact]
    public void A_table_of_more_positions_gives_its_first_ones()
    {
        var options = new ModelOptions { Layers = 1, Heads = 2, Width = 16, Context = 8, Vocabulary = 40 };
        using var scope = NewDisposeScope();
        using var net = Nets.Filled(Zoo.Create("gpt", options));
        using var shorter = Zoo.Create("gpt", options with { Context = 5 });
        Weights.Save(net, At("net.pth"), NameRules.HuggingFaceGpt2);
        Assert.True(Weights.Load(shorter, At("net.pth")).IsWhole);
        Assert.True(shorter.state_dict()["wpe.weight"].Equals(net.state_dict()["wpe.weight"][..5]));
    }
}
