using Interactive.Data;
using Interactive.Engine.Tests.Data.Images;
using Interactive.Graphs;
using Interactive.Models;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>Nets that are kept in a file and used without the code that made them.</summary>
public sealed class ModelTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("models").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string File_ => Path.Combine(folder, "model.safetensors");

    private static Graph Net()
    {
        manual_seed(3);
        var net = new GraphBuilder("small", new Shape(3, 8, 8));
        return net.Build(net.Input.Conv(4, 3, padding: 1).BatchNorm().Relu().Flatten().Dropout(0.3).Linear(3));
    }

    public static TheoryData<string, ModelOptions> Zoo_ => new()
    {
        { "resnet18", new ModelOptions { Image = new Shape(3, 32, 32), Classes = 10 } },
        { "lenet5", new ModelOptions() },
        { "unet", new ModelOptions { Image = new Shape(3, 32, 32) } },
        { "gpt", new ModelOptions { Layers = 2, Heads = 2, Width = 32, Context = 8, Vocabulary = 64 } },
        { "vit", new ModelOptions { Image = new Shape(3, 32, 32), Layers = 1, Heads = 2, Width = 16, Classes = 4 } },
        { "densenet121", new ModelOptions { Image = new Shape(3, 32, 32), Classes = 4 } },
        { "googlenet", new ModelOptions { Image = new Shape(3, 64, 64), Classes = 4 } },
    };

    [Theory]
    [MemberData(nameof(Zoo_))]
    public void A_loaded_net_gives_the_bits_of_the_one_kept(string name, ModelOptions options)
    {
        using var scope = NewDisposeScope();
        using var graph = Zoo.Create(name, options);
        graph.eval();
        Model.Save(File_, graph);
        using var model = Model.Load(File_);
        var x = graph.Input.Type == ScalarType.Int64 ? randint(0, 60, graph.Input.Shape.WithBatch(2), ScalarType.Int64)
            : randn(graph.Input.Shape.WithBatch(2));
        Assert.True(graph.forward(x).Equals(model.Infer(x)));
        Assert.Equal(graph.Nodes.Select(n => n.ToString()), model.Graph.Nodes.Select(n => n.ToString()));
        Assert.Equal(graph.state_dict().Keys, model.Graph.state_dict().Keys);
        Assert.Equal(graph.ParameterCount, model.Graph.ParameterCount); // tied ones are tied again
    }

    [Fact]
    public void Every_net_of_the_zoo_can_be_built_again()
        => Assert.All(Zoo.Names.Except(["resnet1001", "resnet1207"]), name =>
        {
            using var graph = Zoo.Create(name, new ModelOptions { ShapesOnly = true });
            using var again = GraphText.Read(GraphText.Write(graph), META);
            Assert.Equal(graph.Nodes.Select(n => n.ToString()), again.Nodes.Select(n => n.ToString()));
        });

    [Fact]
    public void It_names_the_class_of_an_image_of_bytes_of_another_size()
    {
        using var scope = NewDisposeScope();
        using var graph = Net();
        graph.eval();
        var normalisation = new Normalisation([0.5f, 0.4f, 0.3f], [0.2f, 0.3f, 0.4f]);
        Model.Save(File_, graph, ["cat", "dog", "eel"], normalisation,
            new Dictionary<string, double> { ["accuracy"] = 0.75 });
        using var model = Model.Load(File_);
        var image = randint(0, 256, [3, 20, 12], ScalarType.Byte);
        var prediction = model.Predict(image);
        var wanted = nn.functional.softmax(graph.forward(normalisation.Apply(image.unsqueeze(0), graph.Input.Shape)),
            1)[0];
        Assert.Equal(model.Classes[(int)wanted.argmax().item<long>()], prediction.Name);
        Assert.Equal(wanted.max().item<float>(), prediction.Probability, 1e-6);
        Assert.Equal(1, prediction.Probabilities.Sum(), 1e-9);
        Assert.Equal((0.75, 2),
            (model.Metrics["accuracy"], model.PredictBatch(randint(0, 256, [2, 3, 8, 8], ScalarType.Byte)).Count));
        Assert.Equal((image.to_type(ScalarType.Float32)[0, 0, 0].item<float>() / 255 - 0.5f) / 0.2f,
            normalisation.Apply(image.unsqueeze(0), new Shape(3, 20, 12))[0, 0, 0, 0].item<float>(), 1e-6);
    }

    [Fact]
    public void A_net_of_bf16_stays_one()
    {
        using var scope = NewDisposeScope();
        using var graph = Net();
        graph.to(ScalarType.BFloat16);
        graph.eval();
        Model.Save(File_, graph);
        using var model = Model.Load(File_);
        Assert.True(graph.forward(ones(1, 3, 8, 8, ScalarType.BFloat16)).Equals(model.Infer(ones(3, 8, 8))));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_frozen_stays_so(bool halves)
    {
        using var graph = Net();
        string[] frozen = [.. graph.named_parameters().Select(p => p.name).Where(n => !n.StartsWith("linear", StringComparison.Ordinal))];
        graph.Freeze(frozen);
        if (halves) graph.to(ScalarType.BFloat16);
        Model.Save(File_, graph);
        using var model = Model.Load(File_);
        Assert.Equal(frozen, model.Graph.named_parameters().Where(p => !p.parameter.requires_grad).Select(p => p.name));
        Assert.Contains(model.Graph.parameters(), p => p.requires_grad);
    }

    [Fact]
    public void A_tied_parameter_and_one_of_no_layer_stay_frozen()
    {
        using var graph = Zoo.Create("gpt", new ModelOptions { Layers = 1, Heads = 2, Width = 32, Context = 8, Vocabulary = 64 });
        string[] Frozen(Graph of) => [.. of.named_parameters().Where(p => !p.parameter.requires_grad).Select(p => p.name)];
        graph.Freeze("*");
        graph.Unfreeze("*ln_*");
        Model.Save(File_, graph);
        using var model = Model.Load(File_);
        Assert.NotEmpty(Frozen(graph));
        Assert.Equal(Frozen(graph), Frozen(model.Graph));
    }

    [Fact]
    public void A_file_of_before_frozenness_was_kept_trains_whole_and_a_wrong_name_is_told()
    {
        using var graph = Net();
        var text = GraphText.Write(graph);
        Assert.DoesNotContain("frozen", text);
        using var old = GraphText.Read(text);
        Assert.All(old.parameters(), p => Assert.True(p.requires_grad));
        var error = Assert.Throws<InvalidDataException>(() => GraphText.Read(text.Replace("\"nodes\":", "\"frozen\":[\"conv.wight\"],\"nodes\":")));
        Assert.Contains("there is no tensor conv.wight", error.Message);
    }

    [Fact]
    public void The_best_model_of_a_run_loads_by_its_directory()
    {
        using var graph = Net();
        var data = new SyntheticData(32, new Shape(3, 8, 8), 3, seed: 1);
        using var trainer = new Trainer(graph, data, data,
            new TrainerOptions { Out = folder, Epochs = 1, BatchSize = 16 });
        trainer.Run();
        using var model = Model.Load(trainer.Directory!.Path);
        foreach (var (name,
            value) in graph.state_dict()) Assert.True(value.Equals(model.Graph.state_dict()[name]), name);
        Assert.Contains("accuracy", model.Metrics.Keys);
    }

    [Fact]
    public void A_run_on_a_table_knows_its_classes()
    {
        var file = Path.Combine(folder, "fruit.csv");
        File.WriteAllLines(file,
            ["width,height,kind", .. Enumerable.Range(0, 20).Select(i => i % 2 == 0 ? $"{i},3,pear" : $"{i},1,apple")]);
        var (train, valid) = TableDataset.FromCsv(file, target: "kind").Split();
        var b = new GraphBuilder("fruit", train.Shape);
        using var graph = b.Build(b.Input.Linear(train.Classes));
        using var trainer = new Trainer(graph, train, valid,
            new TrainerOptions { Out = Path.Combine(folder, "runs"), Epochs = 1, BatchSize = 8 });
        trainer.Run();
        using var model = Model.Load(trainer.Directory!.Path);
        Assert.Equal(train.ClassNames, model.Classes);
    }

    [Fact]
    public void A_run_on_pictures_knows_their_classes_and_predicts_a_file()
    {
        var rnd = new Random(1);
        foreach (var (name,
            colour) in new[] { ("blue", new SkiaSharp.SKColor(0, 0, 255)), ("red", new SkiaSharp.SKColor(255, 0, 0)) })
            for (var i = 0; i < 12; i++)
                Pictures.Write(Path.Combine(folder, "pictures", name, $"{i}.png"), 10, 10,
                (_, _)
                => new SkiaSharp.SKColor((byte)Math.Max(0, colour.Red - rnd.Next(50)), 0,
                (byte)Math.Max(0, colour.Blue - rnd.Next(50))));
        var (train, valid) = ImageFolder.Load(Path.Combine(folder, "pictures"), size: 8, validation: 0.25);
        manual_seed(1);
        var b = new GraphBuilder("colours", train.Shape);
        using var graph = b.Build(b.Input.AdaptiveAvgPool(1).Flatten().Linear(train.Classes));
        using var trainer = new Trainer(graph, train, valid,
            new TrainerOptions { Out = Path.Combine(folder, "runs"), Epochs = 4, BatchSize = 6, LearningRate = 0.1 });
        trainer.Run();
        using var model = Model.Load(Path.Combine(folder, "runs", "latest"));
        Assert.Equal(["blue", "red"], model.Classes);
        foreach (var (sample, path) in valid.Files.Index())
        {
            var pixels = new float[3 * 8 * 8];
            valid.Read(sample, pixels);
            using var output = model.Graph.forward(tensor(pixels, [1, 3, 8, 8]));
            using var share = nn.functional.softmax(output.to_type(ScalarType.Float64), 1);
            var prediction = model.Predict(path);
            Assert.Equal(share[0, prediction.Class].item<double>(), prediction.Probability);
            Assert.Equal(Path.GetFileName(Path.GetDirectoryName(path)), prediction.Name);
        }
    }

    [Fact]
    public void A_run_that_is_cut_in_its_first_epoch_has_a_model_to_look_at()
    {
        using var graph = Net();
        var data = new SyntheticData(32, new Shape(3, 8, 8), 3, seed: 1);
        using var trainer = new Trainer(graph, data, data,
            new TrainerOptions { Out = folder, Epochs = 1, BatchSize = 8, MaxSteps = 2 });
        trainer.Run();
        Model.Load(trainer.Directory!.Path).Dispose();
    }

    private sealed class Own() : nn.Module<Tensor, Tensor>("own")
    {
        public override Tensor forward(Tensor input) => input.shape[0] == 3 ? input.abs() : -input;
    }

    [Fact]
    public void What_cannot_be_built_again_is_named()
    {
        using var module = nn.Sequential(("a", nn.Linear(3, 4)), ("own", new Own()));
        using var graph = Graph.Capture(module, new Shape(3));
        Assert.StartsWith("sequential cannot be kept as a model: own is a node (opaque)",
            Assert.Throws<UsageException>(() => Model.Save(File_, graph)).Message);
        using (var draft = Model.DraftBest(File_, graph, null, null, new Dictionary<string, double>(), null, null)) draft.Commit();
        Assert.Contains("holds weights without a net", Assert.Throws<UsageException>(() => Model.Load(File_)).Message);
    }

    [Fact]
    public void Wrong_use_is_told_in_one_line()
    {
        using var scope = NewDisposeScope();
        using var graph = Net();
        Assert.Equal("small tells 3 classes apart, got 2 names",
            Assert.Throws<UsageException>(() => Model.Save(File_, graph, ["a", "b"])).Message);
        Assert.Equal($"there is no model {File_}", Assert.Throws<UsageException>(() => Model.Load(File_)).Message);
        Assert.Contains("has no best model", Assert.Throws<UsageException>(() => Model.Load(folder)).Message);
        Model.Save(File_, graph);
        using var model = Model.Load(File_);
        Assert.Equal("the model takes 3x8x8, one or a batch of them, got 1x8x8",
            Assert.Throws<UsageException>(() => model.Infer(ones(1, 8, 8))).Message);
        Assert.Contains("use PredictBatch",
            Assert.Throws<UsageException>(() => model.Predict(ones(2, 3, 8, 8))).Message);
        Assert.Equal("small got no samples: (0, 3, 8, 8)", Assert.Throws<UsageException>(() => model.PredictBatch(ones(0, 3, 8, 8))).Message);
        Assert.Equal("small got null in place of samples", Assert.Throws<UsageException>(() => model.Predict((Tensor)null!)).Message);
    }

    [Fact]
    public void Names_under_which_no_file_can_lie_are_refused()
    {
        using var scope = NewDisposeScope();
        using var graph = Net();
        var inside = Path.Combine(folder, "none", "net");
        Assert.Equal($"cannot write {inside}: there is no folder {Path.Combine(folder, "none")}", Refused(inside));
        Assert.Equal($"cannot write {folder}: it is a folder", Refused(folder));
        Assert.Equal("a file is to be written, but its name is empty", Refused(""));

        string Refused(string path) => Assert.Single(new Action[] { () => Model.Save(path, graph), () => graph.ToOnnx(path), () => Safetensors.Save(graph, path) }
            .Select(save => Assert.Throws<UsageException>(save).Message).Distinct());
    }

    [Fact]
    public void Mutants_of_a_model_file_are_refused_in_one_line()
    {
        using var graph = Net();
        Model.Save(File_, graph, ["a", "b", "c"], Normalisation.ImageNet);
        var good = File.ReadAllBytes(File_);
        var header = 8 + (int)BitConverter.ToInt64(good);
        var random = new Random(5);
        for (var i = 0; i < 300; i++)
        {
            var bytes = good.ToArray();
            for (var change = 0; change < random.Next(1, 3); change++)
                bytes[random.Next(header)] = (byte)random.Next(32, 127);
            if (bytes.AsSpan().SequenceEqual(good)) continue;
            File.WriteAllBytes(File_, bytes);
            Assert.DoesNotContain('\n', Assert.Throws<UsageException>(() => Model.Load(File_)).Message);
        }
    }

    [Fact]
    public void A_text_that_describes_no_graph_is_refused_naming_the_node()
    {
        using var graph = Net();
        var text = GraphText.Write(graph);
        Assert.All(new (string From, string To, string Message)[]
        {
            ("\"out_channels\":4", "\"out_channels\":-4", "conv2d: its out_channels cannot be -4"),
            ("\"out_channels\":4", "\"out_channels\":9999999999999", "conv2d: its out_channels cannot be"),
            ("\"stride\":[1,1]", "\"stride\":[0,1]", "conv2d: its stride cannot be"),
            ("\"kernel_size\":[3,3]", "\"kernel_size\":[3]", "conv2d: its kernel_size cannot be"),
            ("\"kernel_size\":[3,3]", "\"kernel_size\":[99,3]", "a 99x3 window"),
            ("\"groups\":1", "\"groups\":2", "conv2d: 3 to 4 channels do not divide into 2 groups"),
            ("\"op\":\"flatten\"", "\"op\":\"flat\"", "flatten: there is no op 'flat'"),
            ("\"inputs\":[0]", "\"inputs\":[7]", "conv2d: there is no value 7 before it"),
            ("\"inputs\":[0]", "\"inputs\":[]", "conv2d: its input has too few dimensions"),
            ("\"outputs\":[6]", "\"outputs\":[9]", "there is no value 9"),
            ("\"type\":\"Float32\"", "\"type\":\"Text\"", "a type cannot be Text"),
            ("\"p\":0.3", "\"p\":2", "dropout probability"),
        }, change =>
        {
            Assert.Contains(change.From, text);
            Assert.Contains(change.Message,
                Assert.Throws<InvalidDataException>(() => GraphText.Read(text.Replace(change.From, change.To), META))
                .Message);
        });
    }
}
