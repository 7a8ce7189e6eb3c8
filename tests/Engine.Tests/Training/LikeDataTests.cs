using Interactive.Data;
using Interactive.Engine.Tests.Data;
using Interactive.Engine.Tests.Data.Images;
using Interactive.Graphs;
using Interactive.Training;
using SkiaSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

public class LikeDataTests
{
    private static string Error(Action action) => Assert.Throws<UsageException>(action).Message;

    private static Trainer Of(TemporaryFiles files, IBatchSource train, IBatchSource test, Shape shape, int classes)
    {
        var net = new GraphBuilder("net", shape);
        return new(net.Build(net.Input.Flatten().Linear(classes)), train, test,
            new TrainerOptions { Epochs = 1, BatchSize = 4, Out = files["runs"], Progress = false, Device = "cpu" });
    }

    [Fact]
    public void Classes_of_other_numbers_are_refused_and_can_be_given()
    {
        using var files = new TemporaryFiles();
        foreach (var path in (string[])["train/a", "train/b", "train/c", "valid/a", "valid/c"])
            for (var i = 0; i < 4; i++) Pictures.Write(files[$"{path}/{i}.png"], SKColors.Red);
        var train = Dataset.FromFolder(files["train"]).Images(x => x);
        var shape = train.Shape;
        Assert.Contains("the training set's classes are a, b, c, the evaluation set's a, c",
            Error(() => Of(files, train, Dataset.FromFolder(files["valid"]).Images(x => x), shape, 3)));
        var valid = Dataset.FromFolder(files["valid"], train.ClassNames).Images(x => x);
        Assert.Equal([0, 0, 0, 0, 2, 2, 2, 2], Classes.Of(valid));
        using var trainer = Of(files, train, valid, shape, 3);
        Assert.Contains("the subfolder 'b' is none of the classes a, c", Error(() => Dataset.FromFolder(files["train"], ["a", "c"])));
        Assert.Contains("give both the same Normalize",
            Error(() => Of(files, train, Dataset.FromFolder(files["train"]).Images(x => x.Normalize(ImageNet.Mean, ImageNet.Std)), shape, 3)));
    }

    [Fact]
    public void A_link_that_leads_back_up_brings_no_picture_twice()
    {
        using var files = new TemporaryFiles();
        Pictures.Write(files["set/a/0.png"], SKColors.Red);
        Pictures.Write(files["other/1.png"], SKColors.Red);
        Directory.CreateSymbolicLink(files["set/a/ring"], "..");
        Directory.CreateSymbolicLink(files["set/a/more"], files["other"]);
        Assert.Equal(2, Dataset.FromFolder(files["set"]).Count);
    }

    [Fact]
    public void A_table_with_scales_of_its_own_is_refused()
    {
        using var files = new TemporaryFiles();
        var train = TableDataset.FromCsv(files.Write("a.csv", "x,y\n1,p\n3,q\n5,p\n7,q\n"), "y");
        var path = files.Write("b.csv", "x,y\n10,p\n30,q\n");
        Assert.Contains("by Split or Like(path)", Error(() => Of(files, train, TableDataset.FromCsv(path, "y"), train.Shape, 2)));
        using var trainer = Of(files, train, train.Like(path), train.Shape, 2);
    }

    [Fact]
    public void Mixed_samples_that_are_not_finite_are_named()
    {
        using var files = new TemporaryFiles();
        using var data = new TensorDataset(full(new long[] { 8, 4 }, float.NaN), zeros([8], ScalarType.Int64));
        using var trainer = Of(files, data.MixUp(classes: 3), data, new Shape(4), 3);
        Assert.Contains("the input of sample ", Assert.Throws<DivergedException>(() => trainer.Run()).Message);
    }

    private sealed class Ordered(int[] order) : IBatchSource
    {
        public int Count => 8;
        public int[] Order(int epoch, int globalBatch, ulong seed) => order;
        int[]? IBatchSource.Order(int epoch, int globalBatch, ulong seed) => order;
        public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
            => new(zeros(samples.Length, 4), zeros([samples.Length], ScalarType.Int64));
    }

    [Fact]
    public void An_order_that_lacks_samples_is_told_of()
    {
        using var files = new TemporaryFiles();
        foreach (var (order, message) in ((int[], string)[])[([0, 1, 2], "has 3 samples, 2 steps of 4 need 8"), ([0, 1, 2, 3, 4, 5, 6, 8], "names sample 8, there are 8")])
        {
            using var trainer = Of(files, new Ordered(order), new Ordered(order), new Shape(4), 3);
            Assert.Contains(message, Error(() => trainer.Run()));
        }
    }
}
