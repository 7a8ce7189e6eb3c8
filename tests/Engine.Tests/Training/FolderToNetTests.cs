using Interactive.Data;
using Interactive.Engine.Tests.Data;
using Interactive.Engine.Tests.Data.Images;
using Interactive.Graphs;
using Interactive.Training;
using SkiaSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

public class FolderToNetTests
{
    private static Graph Net()
    {
        manual_seed(3);
        var net = new GraphBuilder("small", new Shape(3, 16, 16));
        return net.Build(net.Input.Conv(8, 3, padding: 1).Relu().AdaptiveAvgPool(1).Flatten().Linear(2));
    }

    private static void Write(TemporaryFiles files, int each = 24)
    {
        for (var i = 0; i < each; i++)
        {
            var shade = i;
            Pictures.Write(files[$"photos/warm/{i:00}.png"], 24 + i % 5, 22,
                (x, y) => new SKColor((byte)(200 + (x * y + shade) % 50), (byte)(x * 7 % 90), (byte)(y * 5 % 60)),
                SKAlphaType.Opaque);
            Pictures.Write(files[$"photos/cold/{i:00}.png"], 20, 24 + i % 5,
                (x, y) => new SKColor((byte)(x * 7 % 60), (byte)(y * 5 % 90), (byte)(200 + (x + y * shade) % 50)),
                SKAlphaType.Opaque);
        }
    }

    [Fact]
    public void A_folder_of_pictures_becomes_a_net_that_tells_them_apart()
    {
        using var files = new TemporaryFiles();
        Write(files);
        var (train,
            test) =
            Dataset.FromFolder(files["photos"])
            .Images(x => x.RandomResizedCrop(16).Flip().Normalize(ImageNet.Mean, ImageNet.Std)).SplitByClass(0.75);
        Assert.Equal((36, 12), (train.Count, test.Count));
        using var net = Net();
        using var trainer = new Trainer(net, train, test,
            new TrainerOptions { Epochs = 8, BatchSize = 12, Progress = false, Out = files["runs"] });
        Assert.Equal(1, trainer.Run().Accuracy);
        using var best = Model.Load(files["runs/latest"]);
        Assert.Equal(["cold", "warm"], best.Classes);
        Assert.Equal("warm", best.Predict(files["photos/warm/00.png"]).Name);
        Assert.Equal("cold", best.Predict(files["photos/cold/00.png"]).Name);
    }

    [Theory]
    [InlineData("random-resized-crop=16,flip", "random-resized-crop=16")]
    [InlineData("resize=20,jitter,center-crop=16,erase", "resize=20,center-crop=16")]
    [InlineData("square=16", "square=16")]
    public void A_kept_net_sees_a_picture_as_its_evaluation_did(string steps, string kept)
    {
        using var files = new TemporaryFiles();
        Write(files, 6);
        using var scope = NewDisposeScope();
        var images = Dataset.FromFolder(files["photos"])
            .Images(_ => ImageSteps.Parse(steps).Normalize(ImageNet.Mean, ImageNet.Std));
        using var net = Net();
        using var trainer = new Trainer(net, images, images,
            new TrainerOptions { Epochs = 1, BatchSize = 4, Progress = false, Out = files["runs"] });
        trainer.Run();
        using var best = Model.Load(files["runs/latest"]);
        Assert.Equal(kept, best.PictureSteps);
        net.eval();
        using var noGrad = no_grad();
        for (var i = 0; i < images.Count; i++)
        {
            var expected =
                nn.functional.softmax(net.forward(images.Read([i]).Inputs[0]).to_type(ScalarType.Float64), 1)
                .data<double>().ToArray();
            Assert.Equal(expected, best.Predict(images.Origin(i)!).Probabilities);
        }
    }

    [Fact]
    public void Steps_of_ones_own_are_not_guessed()
    {
        using var files = new TemporaryFiles();
        Write(files, 6);
        var images = Dataset.FromFolder(files["photos"]).Images(x => x.Resize(16, 16).Then("own", (_, _) => { }));
        using var net = Net();
        using var trainer = new Trainer(net, images, images,
            new TrainerOptions { Epochs = 1, BatchSize = 4, Progress = false, Out = files["runs"] });
        trainer.Run();
        using var best = Model.Load(files["runs/latest"]);
        Assert.Contains("went through steps of your own",
            Assert.Throws<UsageException>(() => best.Predict(files["photos/warm/00.png"])).Message);
    }

    [Fact]
    public void Any_number_of_workers_and_any_packing_trains_the_same_bits()
    {
        using var files = new TemporaryFiles();
        Write(files, 8);
        ImagePacker.Pack(Dataset.FromFolder(files["photos"]), files["mds"], ShardFormat.Mds, limit: 3000);
        string Weights(string source, int workers)
        {
            using var scope = NewDisposeScope();
            var images = Dataset.FromImages(files[source]).Images(x
                => x.RandomResizedCrop(16).Flip().ColorJitter(0.2, 0.2).Normalize(ImageNet.Mean, ImageNet.Std));
            using var net = Net();
            using var trainer = new Trainer(net, images, images,
                new TrainerOptions
                {
                    Name = source + workers,
                    Epochs = 2,
                    BatchSize = 4,
                    Workers = workers,
                    Threads = 1,
                    Progress = false,
                    Out = files["runs"],
                });
            trainer.Run();
            return Convert.ToHexString([.. net.state_dict().OrderBy(t => t.Key, StringComparer.Ordinal)
                .SelectMany(t => t.Value.bytes.ToArray())]);
        }
        var expected = Weights("photos", 1);
        Assert.Equal(expected, Weights("photos", 4));
        Assert.Equal(expected, Weights("mds", 2));
    }
}
