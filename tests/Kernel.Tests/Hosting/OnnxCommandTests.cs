using System.Text.Json;
using Interactive.Data;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>
/// Models in and out by command: <c>export</c>, <c>import</c>, <c>predict</c>, <c>plan --onnx</c>, <c>bench memory
/// --onnx</c>.
/// </summary>
[Trait("Speed", "slow")]
public sealed class OnnxCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("onnx-commands").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string At(string name) => Path.Combine(folder, name);

    private static async Task<string> Done(params string[] arguments)
    {
        var (exit, output, error) = await InteractiveProcess.Run(arguments);
        Assert.True(exit == 0, error);
        return output;
    }

    private static async Task<string> Refused(params string[] arguments)
    {
        var (exit, output, error) = await InteractiveProcess.Run(arguments);
        Assert.Equal((2, ""), (exit, output));
        Assert.StartsWith("interactive: ", error);
        return Assert.Single(error.TrimEnd().Split('\n'));
    }

    private static JsonElement Last(string output) => JsonDocument.Parse(output.TrimEnd().Split('\n')[^1]).RootElement;

    private static Graph Net()
    {
        var builder = new GraphBuilder("small", new Shape(3, 16, 16));
        var x = builder.Input;
        for (var i = 0; i < 4; i++) x = x.Conv(8, 3, padding: 1, bias: false, name: $"conv{i}").BatchNorm().Relu();
        return builder.Build(x.AdaptiveAvgPool(1).Flatten().Linear(2, name: "fc"));
    }

    private string Kept()
    {
        manual_seed(1);
        using var graph = Net();
        Model.Save(At("small.safetensors"), graph, ["cat", "dog"], Normalisation.ImageNet);
        return At("small.safetensors");
    }

    [Fact]
    public async Task A_kept_net_goes_out_in_each_form_and_comes_back()
    {
        var kept = Kept();
        using var model = Model.Load(kept);
        var bytes = model.Graph.state_dict().ToDictionary(t => t.Key, t => t.Value.bytes.ToArray());

        Assert.Contains("bytes", await Done("export", kept, "--format", "onnx", "--out", At("out.onnx")));
        using (var back = Model.FromOnnx(At("out.onnx")))
        {
            Assert.Equal(["cat", "dog"], back.Classes);
            using var x = rand(2, 3, 16, 16);
            using Tensor ours = model.Infer(x), theirs = back.Infer(x);
            Assert.True(ours.bytes.SequenceEqual(theirs.bytes), "other bits");
        }
        foreach (var (format, name) in new[] { ("safetensors", "out.safetensors"), ("torch", "out.pth") })
        {
            await Done("export", kept, "--format", format, "--out", At(name));
            using var other = Net();
            Assert.True(Weights.Load(other, At(name)).IsWhole);
            foreach (var (key,
                tensor) in other.state_dict()) Assert.True(tensor.bytes.SequenceEqual(bytes[key]), $"{name}: {key}");
        }
        using (var images = new TemporaryPicture(At("red.png")))
        {
            var kept1 = Last(await Done("predict", kept, images.Path, "--json"));
            var onnx = Last(await Done("predict", At("out.onnx"), images.Path, "--json"));
            Assert.Equal(kept1.ToString(), onnx.ToString());
            Assert.Contains(onnx.GetProperty("predictions")[0].GetProperty("name").GetString(), new[] { "cat", "dog" });
        }
        var import = Last(await Done("import", At("out.onnx"), "--json"));
        Assert.Equal(4, import.GetProperty("operators").GetProperty("Conv").GetInt32());
        var plan =
            Last(await Done("plan", "--onnx", At("out.onnx"), "--batch", "8", "--budget", "100%", "--profile",
            "analytic", "--json"));
        Assert.Equal("out.onnx", plan.GetProperty("model").GetString());
        var bench =
            Last(await Done("bench", "memory", "--onnx", At("out.onnx"), "--batch", "8", "--budget", "60%", "--json"));
        Assert.True(bench.GetProperty("bitIdentical").GetBoolean());
        Assert.Equal(bench.GetProperty("planned").GetProperty("predictedPeakBytes").GetInt64(),
            bench.GetProperty("planned").GetProperty("peakBytes").GetInt64());
    }

    [Fact]
    public async Task Rows_of_a_table_are_told_as_the_net_has_learned_them()
    {
        File.WriteAllLines(At("all.csv"), ["size,town,price", .. Enumerable.Range(0, 20).Select(i => $"{50 + 7 * i},{(i % 2 == 0 ? "Ulm" : "Bonn")},{100 + 3 * i}")]);
        File.WriteAllLines(At("rows.csv"), ["town,size", "Bonn,57", "Ulm,64"]);
        var data = TableDataset.FromCsv(At("all.csv"), target: "price", standardiseTarget: true);
        var builder = new GraphBuilder("net", data.Shape);
        using (var graph = builder.Build(builder.Input.Linear(1))) Model.Save(At("net.safetensors"), graph, tableColumns: data.TableColumns);
        await Done("export", At("net.safetensors"), "--out", At("table.onnx"));
        using var model = Model.Load(At("net.safetensors"));
        using var rows = data.Read([1, 2]).Inputs[0];
        var values = model.PredictNumbers(rows);
        foreach (var net in new[] { At("net.safetensors"), At("table.onnx") })
        {
            var told = Last(await Done("predict", net, At("rows.csv"), "--json")).GetProperty("predictions");
            for (var i = 0; i < 2; i++) Assert.Equal(values[i], told[i].GetProperty("value").GetDouble(), 1e-3);
            Assert.Contains($"rows.csv:3,", await Done("predict", net, At("rows.csv"), "--csv"));
        }
        File.WriteAllText(At("none.csv"), "");
        Assert.Contains("the file is empty", await Refused("predict", At("table.onnx"), At("none.csv")));
    }

    [Fact]
    public async Task What_cannot_be_is_refused_in_one_line_and_nothing_is_written()
    {
        var kept = Kept();
        Assert.Contains("--format is onnx or safetensors or torch, got 'pdf'",
            await Refused("export", kept, "--format", "pdf"));
        Assert.Contains("ends in .onnx, got", await Refused("export", kept, "--format", "onnx", "--out", At("a.pth")));
        Assert.Contains("--fold-batch-norm goes with --format onnx",
            await Refused("export", kept, "--format", "torch", "--fold-batch-norm"));
        Assert.Contains("no folder", await Refused("export", kept, "--out", At("none/a.onnx")));
        Assert.Contains("there is no model", await Refused("export", At("none")));
        Directory.CreateDirectory(At("norun"));
        Assert.Contains("has no best model", await Refused("export", At("norun")));
        Assert.Contains("there is no file", await Refused("import", At("none.onnx")));
        await Done("export", kept, "--format", "onnx", "--out", At("whole.onnx"));
        var whole = File.ReadAllBytes(At("whole.onnx"));
        File.WriteAllBytes(At("cut.onnx"), whole[..(whole.Length / 2)]);
        foreach (string[] command in new[] { new[] { "import", At("cut.onnx") }, ["plan", "--onnx",
            At("cut.onnx")], ["bench", "memory", "--onnx", At("cut.onnx"), "--budget", "50%"], ["predict",
            At("cut.onnx"), kept] })
            Assert.Contains("damaged or cut off", await Refused(command));
        Assert.Contains("is no ONNX model", await Refused("import", kept));
        Assert.Contains("there is no file", await Refused("predict", At("whole.onnx"), At("none.png")));
        File.WriteAllText(At("text.png"), "no picture");
        Assert.Contains("text.png", await Refused("predict", At("whole.onnx"), At("text.png")));
        Assert.Equal(["cut.onnx", "small.safetensors", "text.png", "whole.onnx"],
            Directory.EnumerateFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    private sealed class TemporaryPicture : IDisposable
    {
        public TemporaryPicture(string path)
        {
            Path = path;
            using var bitmap = new SkiaSharp.SKBitmap(24, 20);
            bitmap.Erase(SkiaSharp.SKColors.IndianRed);
            using var data = bitmap.Encode(SkiaSharp.SKEncodedImageFormat.Png, 100);
            File.WriteAllBytes(path, data.ToArray());
        }

        public string Path { get; }

        public void Dispose() => File.Delete(Path);
    }
}
