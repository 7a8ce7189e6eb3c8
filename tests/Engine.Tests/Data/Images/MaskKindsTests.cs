using Interactive.Data;
using SkiaSharp;

namespace Interactive.Engine.Tests.Data.Images;

public class MaskKindsTests
{
    private const int Width = 13, Height = 11;

    private static string Pair(TemporaryFiles files, string name = "a")
    {
        Pictures.Write(files[$"images/{name}.png"], Width, Height, (_, _) => SKColors.Red);
        return files[$"masks/{name}.png"];
    }

    private static IBatchSource Masks(TemporaryFiles files) => Dataset.FromFolders(files["images"], files["masks"]).Images(x => x);

    private static string Error(Action action) => Assert.Throws<UsageException>(action).Message;

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(4, 0)]
    [InlineData(8, 0)]
    [InlineData(16, 0)]
    [InlineData(1, 3)]
    [InlineData(2, 3)]
    [InlineData(8, 3)]
    public void Values_of_any_depth_and_of_a_palette_are_classes(int bits, int kind)
    {
        using var files = new TemporaryFiles();
        var most = bits == 1 ? 2 : 4;
        int Value(int x, int y) => (x * x + 3 * y) % most;
        MaskPng.Write(Pair(files), Width, Height, bits, kind, Value);
        var expected = Enumerable.Range(0, Width * Height).Select(i => (long)Value(i % Width, i / Width)).ToArray();
        using var batch = Masks(files).Read([0]);
        Assert.Equal(expected, batch.Target.data<long>().ToArray());

        MaskPng.Write(Pair(files, "b"), Width, Height, bits, kind, Value);
        var (train, _) = MaskFolder.Load(files["images"], files["masks"], Height, classes: 4, validation: 0.5);
        using var square = train.Read([0]);
        Assert.Equal(Value(1, 3), square.Target[0, 3, 0].item<long>()); // the middle of 13 columns
    }

    [Fact]
    public void What_would_train_other_classes_is_refused()
    {
        using var files = new TemporaryFiles();
        MaskPng.Write(Pair(files), Width, Height, 16, 0, (_, _) => 300);
        Assert.Contains("sample 0 (" + files["images/a.png"] + ") cannot be read: its pixel (0, 0) is 300", Error(() => Masks(files).Read([0])));
        MaskPng.Write(Pair(files), 2 * Width, Height, 8, 0, (_, _) => 1);
        Assert.Contains($"its mask has {2 * Width}x{Height} pixels, the picture {Width}x{Height}", Error(() => Masks(files).Read([0])));
        MaskPng.Write(Pair(files), Width, Height, 8, 0, (x, _) => x < 4 ? 255 : 0);
        Assert.Contains("hold only 0 and 255", Error(() => Masks(files).Read([0])));
        Pictures.Write(Pair(files), Width, Height, (x, y) => new SKColor(0, (byte)x, 0));
        Assert.Contains("its pixel (1, 0) has the colour 0, 1, 0", Error(() => Masks(files).Read([0])));
        var whole = File.ReadAllBytes(Pair(files));
        File.WriteAllBytes(files["masks/a.png"], whole[..^40]);
        Assert.Contains("damaged", Error(() => Masks(files).Read([0])));
        File.Delete(files["masks/a.png"]);
        Pictures.Write(files["masks/a.jpg"], Width, Height, (_, _) => new SKColor(1, 1, 1));
        Assert.Contains("must not be a JPEG", Error(() => Masks(files).Read([0])));
    }

    [Fact]
    public void Pictures_of_one_name_in_several_folders_have_their_own_masks()
    {
        using var files = new TemporaryFiles();
        foreach (var (folder, value) in ((string, int)[])[("x", 1), ("y", 2)])
            MaskPng.Write(Pair(files, $"{folder}/1"), Width, Height, 8, 0, (_, _) => value);
        var (train, valid) = MaskFolder.Load(files["images"], files["masks"], Height, classes: 3, validation: 0.5);
        foreach (var part in (MaskFolder[])[train, valid])
        {
            using var batch = part.Read([0]);
            Assert.Equal(part.Origin(0)!.Contains("/x/") ? 1 : 2, batch.Target[0, 0, 0].item<long>());
        }
        Directory.Move(files["masks/x"], files["masks/z"]);
        Assert.Contains("there are several masks for it", Error(() => MaskFolder.Load(files["images"], files["masks"], Height, 3)));
        Directory.Delete(files["masks/y"], recursive: true);
        Assert.Contains("would be the mask of several pictures", Error(() => MaskFolder.Load(files["images"], files["masks"], Height, 3)));
    }

    [Fact]
    public void Boxes_are_not_lost_where_the_first_picture_has_none()
    {
        using var files = new TemporaryFiles();
        var png = File.ReadAllBytes(Pictures.Write(files["a.png"], SKColors.Red));
        var boxed = new EncodedImage(png) { Boxes = [new Box(1, 2, 3, 4, 5)] };
        var told = Dataset.Of<EncodedImage>([new EncodedImage(png) { Boxes = [] }, boxed]).Images(x => x);
        using var batch = told.Read([0, 1]);
        Assert.Equal([-1, 1], [batch.Target[0, 0, 0].item<float>(), batch.Target[1, 0, 0].item<float>()]);
        Assert.Contains("sample 1: it has boxes, as the first has not",
            Error(() => Dataset.Of<EncodedImage>([new EncodedImage(png), boxed]).Images(x => x).Read([0, 1])));
        Assert.Contains("sample 1: it has a class, as the first has not",
            Error(() => Dataset.Of<EncodedImage>([new EncodedImage(png), new EncodedImage(png, 1)]).Images(x => x).Read([0, 1])));
    }
}
